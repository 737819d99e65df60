#![allow(unused_imports)]

#[path = "../support.rs"]
mod support;

use support::runtime::*;
use support::time::*;

struct Clock;

#[service(crate = crate::support::runtime, partial)]
impl TimeService for Clock {
    async fn import(&self, _ctx: &Context, _requests: ImportRequest) -> Result<ImportResponse> {
        Ok(ImportResponse)
    }
}

fn main() {
    serve(Clock);
}
