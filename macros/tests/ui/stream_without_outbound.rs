#![allow(unused_imports)]

#[path = "../support.rs"]
mod support;

use support::runtime::*;
use support::time::*;

struct Clock;

#[service(crate = crate::support::runtime, partial)]
impl TimeService for Clock {
    async fn watch(&self, _ctx: &Context, _request: WatchRequest) -> Result<WatchResponse> {
        Ok(WatchResponse)
    }
}

fn main() {
    serve(Clock);
}
