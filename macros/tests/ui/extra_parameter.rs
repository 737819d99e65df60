#![allow(unused_imports)]

#[path = "../support.rs"]
mod support;

use support::runtime::*;
use support::time::*;

struct Clock;

#[service(crate = crate::support::runtime, partial)]
impl TimeService for Clock {
    async fn get_time(&self, _ctx: &Context, _request: GetTimeRequest, _more: u32) -> Result<GetTimeResponse> {
        Ok(GetTimeResponse)
    }
}

fn main() {
    serve(Clock);
}
