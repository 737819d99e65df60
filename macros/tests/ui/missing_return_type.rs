#![allow(unused_imports)]

#[path = "../support.rs"]
mod support;

use support::runtime::*;
use support::time::*;

struct Clock;

#[service(crate = crate::support::runtime, partial)]
impl TimeService for Clock {
    async fn on_time_tick(&self, _ctx: &Context, _event: TimeTick) {
    }
}

fn main() {
    serve(Clock);
}
