#![allow(unused_imports)]

#[path = "../support.rs"]
mod support;

use support::clock::*;
use support::runtime::*;

struct Clock;

#[service(crate = crate::support::runtime)]
impl ClockService for Clock {
    async fn set_time(&self, _ctx: &Context, _request: SetTimeRequest) -> Result<SetTimeResponse> {
        Ok(SetTimeResponse)
    }
}

fn main() {
    serve(Clock);
}
