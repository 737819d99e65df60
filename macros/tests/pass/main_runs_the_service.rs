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

#[support::runtime::main(crate = crate::support::runtime, name = "clock")]
async fn main(_connection: Connection) -> Result<impl IntoService> {
    Ok(Clock)
}
