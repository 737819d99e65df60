#[path = "../support.rs"]
mod support;

use support::runtime::*;
use support::time::*;

struct Clock;

// No attribute at all.
impl TimeService for Clock {
    async fn get_time(&self, _ctx: &Context, _request: GetTimeRequest) -> Result<GetTimeResponse> {
        Ok(GetTimeResponse)
    }

    async fn watch(&self, _ctx: &Context, _request: WatchRequest) -> Result<Outbound<WatchResponse>> {
        Ok(Outbound::empty())
    }

    async fn import(&self, _ctx: &Context, _requests: Inbound<ImportRequest>) -> Result<ImportResponse> {
        Ok(ImportResponse)
    }

    async fn chat(&self, _ctx: &Context, _requests: Inbound<ImportRequest>) -> Result<Outbound<WatchResponse>> {
        Ok(Outbound::empty())
    }

    async fn on_time_tick(&self, _ctx: &Context, _event: TimeTick) -> Result<()> {
        Ok(())
    }
}

fn main() {
    assert_eq!(TimeService::into_server(Clock).name(), "TimeService");
}
