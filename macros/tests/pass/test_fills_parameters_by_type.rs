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

impl Clock {
    async fn start(_connection: &Connection) -> Result<Self> {
        Ok(Self)
    }
}

#[support::runtime::test(crate = crate::support::runtime, service = Clock::start)]
async fn a_test(env: testing::TestEnv, _connection: Connection, _time: TimeClient) -> Result<()> {
    env.connection();
    Ok(())
}

// The test harness calls it; here it only has to compile.
fn main() {}
