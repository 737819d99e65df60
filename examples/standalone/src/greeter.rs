//! The service.

use bodybroker_runtime::prelude::*;

use crate::api::greeter::v1::*;

/// Greets in two languages.
pub struct Greeter;

#[service]
impl GreeterService for Greeter {
    async fn greet(&self, _ctx: &Context, request: GreetRequest) -> Result<GreetResponse> {
        let name = request.name;
        let words = match request.language.as_str() {
            "en" => format!("Hello, {name}."),
            "de" => format!("Guten Tag, {name}."),
            other => return Err(Status::not_found(format!("no greeting in {other}"))),
        };
        Ok(GreetResponse { words })
    }

    async fn count_down(
        &self,
        _ctx: &Context,
        request: CountDownRequest,
    ) -> Result<Outbound<CountDownResponse>> {
        let numbers = (1..=request.from).rev();
        Ok(numbers.map(|number| CountDownResponse { number }).collect::<Vec<_>>().into())
    }
}
