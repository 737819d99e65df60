//! Callers that mean harm, or are broken: each is refused, nothing lands elsewhere, and the service goes on.

use std::time::Duration;

use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::subject::{Subject, SubjectBuilder};
use bodybroker_runtime::testing::NatsServer;
use futures::StreamExt as _;

use crate::fixture::{ECHO, Text, call_of, echo, settled};

#[tokio::test]
async fn malformed_bytes_are_an_invalid_argument() {
    let server = NatsServer::start().await.unwrap();
    let (client, _, _instance) = echo(&server).await;
    let foreign = async_nats::connect(server.url()).await.unwrap();
    let answer =
        foreign.request("svc.test.echo.v1.echo", b"\xff\xff\xff".as_slice().into()).await.unwrap();
    let headers = answer.headers.unwrap();
    assert_eq!(headers.get("Nats-Service-Error-Code").unwrap().as_str(), "400");
    assert_eq!(headers.get("Bb-Status").unwrap().as_str(), "3");
    let words = headers.get("Nats-Service-Error").unwrap().as_str();
    assert!(words.contains("test.echo.v1.Text"), "{words}");
    assert!(call_of(&client, ECHO, Text::default()).await.is_ok());
}

#[tokio::test]
async fn a_forged_reply_subject_is_never_written_to() {
    let server = NatsServer::start().await.unwrap();
    let (client, _, instance) = echo(&server).await;
    let options = async_nats::ConnectOptions::new().custom_inbox_prefix("fence");
    let foreign = options.connect(server.url()).await.unwrap();
    let mut everything = foreign.subscribe(">").await.unwrap();
    settled(&foreign).await;
    let forged =
        ["$JS.API.STREAM.DELETE.STATE", "evt.state.entity.updated.v1.x", "svc.test.echo.v1.echo"];
    for reply in forged {
        let subject = "svc.test.echo.v1.echo";
        foreign.publish_with_reply(subject, reply, Vec::new().into()).await.unwrap();
    }
    foreign.publish("svc.test.echo.v1.echo", Vec::new().into()).await.unwrap();
    settled(&foreign).await;
    // The service handles in order: when this is answered, the others have been dealt with.
    assert!(call_of(&client, ECHO, Text::default()).await.is_ok());
    assert_eq!(instance.stats()[ECHO].refused, 4);
    settled(&foreign).await;
    let mut answers = Vec::new();
    while let Ok(Some(message)) =
        tokio::time::timeout(Duration::from_millis(1), everything.next()).await
    {
        answers.push(message.subject.to_string());
    }
    answers.retain(|subject| !subject.starts_with("svc.") && !subject.starts_with("fence."));
    assert!(answers.iter().all(|subject| subject.starts_with("_INBOX.client.")), "{answers:?}");
    assert!(!answers.is_empty(), "the call itself was seen");
}

#[tokio::test]
async fn ids_cannot_leave_their_token() {
    let server = NatsServer::start().await.unwrap();
    let (client, _, _instance) = echo(&server).await;
    let foreign = async_nats::connect(server.url()).await.unwrap();
    let mut injected = foreign.subscribe("injected.>").await.unwrap();
    for id in ["*", ">", "a.b", "x 0\r\n\r\nPUB injected.a 0\r\n", "\0", ""] {
        let subject = SubjectBuilder::new("svc.test.echo.v1.echo").token(id).build();
        assert_eq!(subject.as_str().split('.').count(), 6, "{subject}");
        // Nobody listens there; the point is that it arrives nowhere else.
        assert!(call_of(&client, ECHO, Text::default()).at(subject).await.is_err());
        assert!(Subject::parse(&format!("svc.{id}")).is_err() || id == "a.b");
    }
    let mut headers = Headers::new();
    assert!(headers.insert("X", "a\r\nInjected: yes").is_err());
    let refused =
        call_of(&client, ECHO, Text::default()).header("X", "a\r\nb: c").await.unwrap_err();
    assert!(refused.message().contains("printable"), "{refused}");
    settled(&foreign).await;
    let nothing = tokio::time::timeout(Duration::from_millis(1), injected.next()).await;
    assert!(nothing.is_err());
}

#[tokio::test]
async fn a_request_that_expired_on_its_way_is_not_handled() {
    let server = NatsServer::start().await.unwrap();
    let (client, _, instance) = echo(&server).await;
    let foreign = async_nats::connect(server.url()).await.unwrap();
    // It was sent in 1970.
    let reply = "_INBOX.foreign.1.0-0.T1";
    foreign.publish_with_reply("svc.test.echo.v1.echo", reply, Vec::new().into()).await.unwrap();
    settled(&foreign).await;
    assert!(call_of(&client, ECHO, Text::default()).await.is_ok());
    assert_eq!((instance.stats()[ECHO].expired, instance.stats()[ECHO].ended), (1, 1));
}

#[tokio::test]
async fn a_foreign_time_out_is_obeyed() {
    let server = NatsServer::start().await.unwrap();
    let (_client, echo, _instance) = echo(&server).await;
    let foreign = async_nats::connect(server.url()).await.unwrap();
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Bb-Timeout-Ms", "50");
    let inbox = foreign.new_inbox();
    foreign
        .publish_with_reply_and_headers("svc.test.echo.v1.hang", inbox, headers, Vec::new().into())
        .await
        .unwrap();
    settled(&foreign).await;
    echo.hung.dropped(1).await;
}
