#[path = "../support.rs"]
mod support;

use support::runtime::*;
use support::time::*;

struct Clock<T>(T);

#[service(crate = crate::support::runtime, partial)]
impl<T> support::time::TimeService for Clock<T>
where
    T: Send + Sync + 'static,
{
    async fn get_time(&self, _ctx: &Context, _request: GetTimeRequest) -> Result<GetTimeResponse> {
        Ok(GetTimeResponse)
    }
}

fn main() {
    serve(Clock(1));
}
