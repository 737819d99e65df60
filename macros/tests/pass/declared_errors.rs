#[path = "../support.rs"]
mod support;

use support::clock::*;
use support::runtime::*;

struct Clock;

#[service(crate = crate::support::runtime)]
impl ClockService for Clock {
    async fn set_time(&self, _ctx: &Context, _: SetTimeRequest) -> Result<SetTimeResponse, SetTimeError> {
        Err(SetTimeError::ClockStopped(Status("it stands".to_owned())))
    }
}

struct Unwritten;

#[service(crate = crate::support::runtime, partial)]
impl ClockService for Unwritten {}

fn main() {
    serve(Clock);
    let stopped = block_on(Clock.set_time(&Context, SetTimeRequest));
    assert!(matches!(stopped, Err(SetTimeError::ClockStopped(_))));
    let refused = block_on(Unwritten.set_time(&Context, SetTimeRequest));
    assert!(matches!(refused, Err(SetTimeError::Status(_))));
}
