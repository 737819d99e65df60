//! Content that is not what its headers say.

use bodybroker_runtime::status::{Code, Executed};
use bodybroker_runtime::testing::NatsServer;
use futures::StreamExt as _;
use prost::Message as _;

use crate::fixture::{ECHO, Text, call_of, connect, echo, words};

/// Headers and payload of messages that can't be read, and a word of the complaint.
fn garbled() -> Vec<(super::Named, Vec<u8>, &'static str)> {
    let body = Text::new(&words(100_000)).encode_to_vec();
    let frame = zstd::bulk::compress(&body, 1).unwrap();
    let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 19).unwrap();
    let thin = zstd::bulk::compress(&vec![0; 1 << 20], 1).unwrap();
    let zstd = |size: &str| {
        vec![("Content-Encoding", "zstd".to_owned()), ("Bb-Raw-Size", size.to_owned())]
    };
    let says = body.len().to_string();
    vec![
        (vec![("Content-Encoding", "gzip".to_owned())], body.clone(), "`gzip`"),
        (zstd("many"), frame.clone(), "no number"),
        (zstd("99999"), frame.clone(), "99999"),
        (zstd("100005"), frame.clone(), "instead of 100005"),
        (zstd("200008"), [&frame[..], &frame[..]].concat(), "one whole frame"),
        (zstd(&says), frame[..frame.len() / 2].to_vec(), "one whole frame"),
        (zstd(&says), body, "one whole frame"),
        (zstd("18446744073709551615"), frame, "at most 8388608"),
        (zstd("67108864"), bomb.clone(), "at most 8388608"),
        (zstd("100000"), bomb.clone(), "can't be decompressed"),
        (vec![("Content-Encoding", "zstd".to_owned())], bomb, "at most 8388608"),
        (zstd("1048576"), thin, "100-fold"),
    ]
}

#[tokio::test]
async fn a_request_that_is_not_what_it_says_is_refused_and_never_ran() {
    let server = NatsServer::start().await.unwrap();
    let (client, _, instance) = echo(&server).await;
    let foreign = async_nats::connect(server.url()).await.unwrap();
    for (headers, payload, word) in garbled() {
        let subject = "svc.test.echo.v1.echo";
        let answer = foreign.request_with_headers(subject, super::map(headers), payload.into());
        let headers = answer.await.unwrap().headers.unwrap();
        let header = |name: &str| headers.get(name).unwrap().as_str();
        assert_eq!((header("Bb-Status"), header("Bb-Executed")), ("3", "no"), "{word}");
        assert!(header("Nats-Service-Error").contains(word), "{}", header("Nats-Service-Error"));
    }
    assert!(call_of(&client, ECHO, Text::new("on it goes")).await.is_ok());
    assert_eq!(instance.in_flight(), 0);
}

#[tokio::test]
async fn an_answer_that_is_not_what_it_says_is_data_loss() {
    let server = NatsServer::start().await.unwrap();
    let client = connect(&server, "client").await;
    let foreign = async_nats::connect(server.url()).await.unwrap();
    let mut requests = foreign.subscribe("svc.test.echo.v1.echo").await.unwrap();
    crate::fixture::settled(&foreign).await;
    for (headers, payload, word) in garbled() {
        let answering = async {
            let reply = requests.next().await.unwrap().reply.unwrap();
            foreign.publish_with_headers(reply, super::map(headers), payload.into()).await.unwrap();
        };
        let (answer, ()) = tokio::join!(call_of(&client, ECHO, Text::default()), answering);
        let status = answer.unwrap_err();
        assert_eq!((status.code(), status.executed()), (Code::DataLoss, Executed::Yes), "{status}");
        assert!(status.message().contains(word), "{status}");
    }
}
