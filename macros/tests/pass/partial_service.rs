#[path = "../support.rs"]
mod support;

use support::runtime::*;
use support::time::*;

struct Clock;

#[service(crate = crate::support::runtime, partial)]
impl TimeService for Clock {
    async fn get_time(&self, _ctx: &Context, _request: GetTimeRequest) -> Result<GetTimeResponse> {
        Ok(GetTimeResponse)
    }
}

fn main() {
    serve(Clock);
    assert!(block_on(Clock.get_time(&Context, GetTimeRequest)).is_ok());
    let refused = block_on(Clock.on_time_tick(&Context, TimeTick));
    let words = refused.expect_err("it is not written").0;
    assert_eq!(words, "TimeService does not implement bodybroker.time_manager.v1.TimeTick here");
}
