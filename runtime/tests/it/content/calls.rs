//! Long requests and answers, as they are seen on the wire.

use bodybroker_runtime::status::{Code, Executed};
use bodybroker_runtime::testing::NatsServer;
use futures::StreamExt as _;

use crate::fixture::{ECHO, Text, call_of, echo, noise, words};

type Seen = async_nats::Message;

/// Everything that one call sends over a server: its request and its answer.
async fn seen(server: &NatsServer, text: &str) -> [Seen; 2] {
    let (client, _, _instance) = echo(server).await;
    let observer = async_nats::connect(server.url()).await.unwrap();
    let mut requests = observer.subscribe("svc.test.echo.v1.echo").await.unwrap();
    let mut answers = observer.subscribe("_INBOX.client.>").await.unwrap();
    crate::fixture::settled(&observer).await;
    let answer = call_of(&client, ECHO, Text::new(text)).await.unwrap();
    assert_eq!(answer.text, text);
    [requests.next().await.unwrap(), answers.next().await.unwrap()]
}

fn encoding(message: &Seen) -> Option<&str> {
    message.headers.as_ref()?.get("Content-Encoding").map(AsRef::as_ref)
}

#[tokio::test]
async fn long_bodies_travel_compressed_and_short_ones_without_headers() {
    let server = NatsServer::start().await.unwrap();
    for message in seen(&server, &words(100_000)).await {
        assert_eq!(encoding(&message), Some("zstd"));
        assert!(message.payload.len() < 50_000, "{}", message.payload.len());
        let size = message.headers.as_ref().unwrap().get("Bb-Raw-Size").unwrap();
        assert_eq!(size.as_str(), "100004");
    }
    for message in seen(&server, &words(16_000)).await {
        assert_eq!((message.headers.as_ref(), message.payload.len()), (None, 16_003));
    }
}

#[tokio::test]
async fn who_is_not_ours_is_answered_plainly_unless_it_accepts_more() {
    let server = NatsServer::start().await.unwrap();
    let (_client, _, _instance) = echo(&server).await;
    let foreign = async_nats::connect(server.url()).await.unwrap();
    let request = prost::Message::encode_to_vec(&Text::new(&words(100_000)));
    let ask = async |headers: &[(&'static str, &str)], body: &[u8]| {
        let map = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let map = super::map(map);
        let subject = "svc.test.echo.v1.echo";
        let body = body.to_vec().into();
        foreign.request_with_headers(subject, map, body).await.unwrap()
    };
    let plain = ask(&[], &request).await;
    assert_eq!((encoding(&plain), &plain.payload[..]), (None, &request[..]));
    let packed = ask(&[("Accept-Encoding", "gzip, zstd")], &request).await;
    assert_eq!(encoding(&packed), Some("zstd"));
    let answer = zstd::decode_all(&packed.payload[..]).unwrap();
    assert_eq!(answer, request);
    // It may send compressed bytes itself, with or without saying how long they are.
    for size in [&[][..], &[("Bb-Raw-Size", "100004")]] {
        let headers = [&[("Content-Encoding", "ZSTD")][..], size].concat();
        let plain = ask(&headers, &packed.payload).await;
        assert_eq!((encoding(&plain), &plain.payload[..]), (None, &request[..]));
    }
}

#[tokio::test]
async fn what_is_too_long_is_refused_before_it_is_sent() {
    let server = NatsServer::start().await.unwrap();
    let (client, _, instance) = echo(&server).await;
    client.set_message_bytes_max(50_000);
    let status = call_of(&client, ECHO, Text::new(&noise(50_000))).await.unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::ResourceExhausted, Executed::No));
    for words in ["50004 bytes", "at most 50000", "BB_MESSAGE_BYTES_MAX"] {
        assert!(status.message().contains(words), "{status}");
    }
    assert_eq!(instance.stats()[ECHO].received, 0);
    assert!(call_of(&client, ECHO, Text::new(&noise(49_000))).await.is_ok());
}
