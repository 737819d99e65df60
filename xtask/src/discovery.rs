//! What runs, by the NATS service protocol (ADR-32).

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use futures::StreamExt as _;
use serde::Deserialize;

/// One instance of a service, as it describes itself.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Instance {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) metadata: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) endpoints: Vec<Endpoint>,
}

/// One endpoint of an instance.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) name: String,
    pub(crate) subject: String,
    #[serde(default)]
    pub(crate) num_requests: u64,
    #[serde(default)]
    pub(crate) num_errors: u64,
    /// Nanoseconds.
    #[serde(default)]
    pub(crate) processing_time: u64,
    /// Nanoseconds.
    #[serde(default)]
    pub(crate) average_processing_time: u64,
    #[serde(default)]
    pub(crate) last_error: String,
}

/// Silence after the last answer that ends the wait for more.
const SILENCE: Duration = Duration::from_millis(250);

/// Time in which a server takes a question.
const ASKED_MAX: Duration = Duration::from_secs(2);

/// Asks every instance for its statistics; sorted by name and id.
pub(crate) async fn instances(client: &async_nats::Client) -> anyhow::Result<Vec<Instance>> {
    let mut found: Vec<Instance> = Vec::new();
    for answer in ask(client, "$SRV.STATS").await? {
        // Somebody else's service may describe itself in ways of its own.
        found.extend(serde_json::from_slice(&answer));
    }
    found.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    Ok(found)
}

async fn ask(
    client: &async_nats::Client,
    subject: &'static str,
) -> anyhow::Result<Vec<bytes::Bytes>> {
    let asking = async {
        let inbox = client.new_inbox();
        let answers = client.subscribe(inbox.clone()).await?;
        client.publish_with_reply(subject, inbox, bytes::Bytes::new()).await?;
        client.flush().await?;
        anyhow::Ok(answers)
    };
    // A client without a server says nothing until it has one again.
    let asked = tokio::time::timeout(ASKED_MAX, asking).await;
    let mut answers = asked.context("the server went away")??;
    let mut found = Vec::new();
    while let Ok(Some(message)) = tokio::time::timeout(SILENCE, answers.next()).await {
        if message.status.is_some() {
            break;
        }
        found.push(message.payload);
    }
    Ok(found)
}

/// Counts the instances that answer a ping, until as many have as are expected.
pub(crate) async fn count(client: &async_nats::Client, expected: usize) -> anyhow::Result<usize> {
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await?;
    client.publish_with_reply("$SRV.PING", inbox, bytes::Bytes::new()).await?;
    let mut found = std::collections::BTreeSet::new();
    while found.len() < expected {
        let Ok(Some(message)) = tokio::time::timeout(SILENCE, answers.next()).await else { break };
        if message.status.is_some() {
            // Nobody there yet: the wait that a silent answer would have been.
            tokio::time::sleep(SILENCE / 10).await;
            break;
        }
        if let Ok(instance) = serde_json::from_slice::<Instance>(&message.payload) {
            found.insert(instance.id);
        }
    }
    Ok(found.len())
}
