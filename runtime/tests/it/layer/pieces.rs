//! Long requests go through layers like short ones.

use bodybroker_runtime::bus::Bus;
use bodybroker_runtime::status::Code;
use bodybroker_runtime::{Connection, Server};

use super::fixture::{READ, SPEC, Script, Step, down, order};
use crate::fixture::{Text, noise};

/// A service and its caller on a bus of small messages.
async fn script() -> (Connection, Script, Server) {
    let bus = Bus::with_max_payload(1, 64 * 1024);
    let host = Connection::local(&bus, "script");
    let script = Script::new(&host);
    let server = host.serve(script.clone()).await.unwrap();
    (Connection::local(&bus, "client"), script, server)
}

#[tokio::test(start_paused = true)]
async fn a_request_in_pieces_is_repeated_whole() {
    let (client, script, _server) = script().await;
    script.next([down(), Step::Hang, Step::Answer]);
    let text = noise(300_000);
    let answer = client.call::<Text, Text>(&SPEC.methods[READ], Text::new(&text)).await.unwrap();
    assert!(answer.text == text);
    assert_eq!(script.attempts(), [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_key_belongs_to_all_of_a_request_in_pieces() {
    let (client, script, _server) = script().await;
    let text = noise(300_000);
    for _ in 0..3 {
        assert!(order(&client, "k1", &text).await.unwrap().text == text);
    }
    assert_eq!(script.seen().len(), 1);
    let mut other = text;
    other.replace_range(299_999.., "!");
    let status = order(&client, "k1", &other).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
}
