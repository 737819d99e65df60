//! What a server says that it keeps for its clients.

use async_nats::ConnectOptions;
use bodybroker_runtime::{Result, Status};
use serde_json::Value;

/// An account for clients who don't say who they are, and one that may ask the server.
pub(super) const CONFIG: &str = r"
    accounts {
        APP { jetstream: enabled, users: [{ user: app, password: app }] }
        SYS { users: [{ user: sys, password: sys }] }
    }
    no_auth_user: app
    system_account: SYS
";

/// Subscriptions of all clients of the account.
pub(super) async fn subscriptions(url: &str) -> Result<usize> {
    let untold = |error: &dyn std::fmt::Display| {
        Status::unavailable(format!("the server doesn't tell what it keeps: {error}"))
    };
    let options = ConnectOptions::with_user_and_password("sys".to_owned(), "sys".to_owned());
    let client = options.connect(url).await.map_err(|error| untold(&error))?;
    let question = r#"{"acc":"APP"}"#;
    let answer = client.request("$SYS.REQ.SERVER.PING.CONNZ", question.into()).await;
    let answer = answer.map_err(|error| untold(&error))?;
    let answer: Value = serde_json::from_slice(&answer.payload).map_err(|error| untold(&error))?;
    let connections = answer["data"]["connections"].as_array();
    let connections = connections.ok_or_else(|| untold(&"no connections are listed"))?;
    let kept = connections.iter().filter_map(|one| one["subscriptions"].as_u64()).sum::<u64>();
    usize::try_from(kept).map_err(|error| untold(&error))
}
