//! A server that knows who may do what.

use std::sync::Arc;
use std::time::Duration;

use bodybroker_runtime::durable::{
    Auth, Dial, Durable, JetStream, Settlement, Start, StreamConfig,
};
use bodybroker_runtime::subject::{Filter, Subject};
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::{Code, Result};
use futures::StreamExt;
use tokio::time::timeout;

use super::{bucket, consumer, event, events};

const ACCOUNTS: &str = r#"
authorization {
  users: [
    { user: provisioner, password: p }
    { user: worker, password: w, permissions: {
      publish: { allow: ["$JS.API.CONSUMER.MSG.NEXT.EVENTS.workers", "$JS.ACK.EVENTS.workers.>"] }
      subscribe: "_INBOX.worker.>"
    } }
    { user: guest, password: g, permissions: { publish: { deny: ">" }, subscribe: "_INBOX.guest.>" } }
  ]
}"#;

fn as_user(server: &NatsServer, user: &str, password: &str) -> Arc<dyn Durable> {
    Arc::new(JetStream::new(Dial {
        url: server.url(),
        name: user.to_owned(),
        inbox_prefix: format!("_INBOX.{user}"),
        auth: Auth::User(user.to_owned(), password.to_owned()),
        tls: None,
        provision: false,
    }))
}

#[tokio::test]
async fn what_is_not_permitted_is_denied_and_no_time_out() -> Result<()> {
    let server = NatsServer::builder().config(ACCOUNTS).start().await?;
    let provisioner = as_user(&server, "provisioner", "p");
    bucket(&provisioner).await?;
    provisioner.provision(&events(Vec::new())).await?;
    let guest = as_user(&server, "guest", "g");
    let filter = Filter::literal("evt.>");
    let subject = Subject::literal("$KV.things.a");
    let denied = async {
        let append = guest.append(event("evt.a", None)).await.unwrap_err();
        let last = guest.last("KV_things", &subject).await.unwrap_err();
        let read = guest.read("EVENTS", &filter, Start::All).await.unwrap_err();
        [append, last, read]
    };
    let denied = timeout(Duration::from_secs(5), denied).await.unwrap();
    for status in denied {
        assert_eq!(status.code(), Code::PermissionDenied, "{status}");
    }
    let found = provisioner.snapshot("EVENTS", &filter, Start::All).await?;
    assert!(found.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_service_consumes_what_it_may_only_pull() -> Result<()> {
    let server = NatsServer::builder().config(ACCOUNTS).start().await?;
    let provisioner = as_user(&server, "provisioner", "p");
    provisioner.provision(&events(Vec::new())).await?;
    provisioner.consumer(&consumer()).await?;
    provisioner.append(event("evt.a", None)).await?;
    let worker = as_user(&server, "worker", "w");
    let member = worker.consumer(&consumer()).await?;
    let mut pull = member.pull(1, Duration::from_secs(10)).await?;
    let pulled = pull.next().await.unwrap()?;
    pulled.receipt.settle(Settlement::Done).await?;
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_is_told_at_once() -> Result<()> {
    let server = NatsServer::builder().config(ACCOUNTS).start().await?;
    let stranger = as_user(&server, "provisioner", "wrong");
    let refused = stranger.provision(&StreamConfig::of_dead_letters()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
    Ok(())
}
