#![allow(unused_imports)]

#[path = "../support.rs"]
mod support;

use support::runtime::*;
use support::time::*;

struct Clock;

#[service(partail, crate = crate::support::runtime)]
impl TimeService for Clock {
    async fn get_time(&self, _ctx: &Context, _request: GetTimeRequest) -> Result<GetTimeResponse> {
        Ok(GetTimeResponse)
    }
}

fn main() {}
