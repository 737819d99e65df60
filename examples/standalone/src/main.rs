//! Serves a greeter and calls it: `cargo run -- nats://127.0.0.1:4222`.

mod api {
    include!(concat!(env!("OUT_DIR"), "/api/mod.rs"));
}
mod greeter;

use api::greeter::v1::{CountDownRequest, GreetRequest, GreeterClient};
use bodybroker_runtime::connection::Options;
use bodybroker_runtime::{Connection, Result};
use greeter::Greeter;

#[tokio::main]
async fn main() -> Result<()> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "nats://127.0.0.1:4222".to_owned());
    let service = Connection::connect(Options::new(&url, "greeter")).await?;
    let server = service.serve(Greeter).await?;

    let client = GreeterClient::new(&Connection::connect(Options::new(&url, "visitor")).await?);
    let mut numbers = client.count_down(CountDownRequest { from: 3 }).await?;
    while let Some(number) = numbers.message().await? {
        println!("{}", number.number);
    }
    for language in ["en", "de", "tlh"] {
        let request = GreetRequest { name: "Ada".to_owned(), language: language.to_owned() };
        match client.greet(request).await {
            Ok(greeting) => println!("{}", greeting.words),
            Err(status) => println!("{status}"),
        }
    }
    server.drain().await;
    Ok(())
}
