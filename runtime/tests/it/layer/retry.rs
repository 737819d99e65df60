//! Calls that are repeated, and calls that aren't.

use std::time::Duration;

use bodybroker_runtime::status::{Code, Executed};
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::{Bus, Connection, Status};
use tokio::time::Instant;

use super::fixture::{PAY, READ, RELAY, Step, WAIT, WRITE, call, down, script};
use crate::fixture::connect;

#[tokio::test(start_paused = true)]
async fn a_call_that_reads_is_repeated_until_it_succeeds() {
    let (client, script, _server) = script().await;
    script.next([down(), Step::Hang]);
    assert_eq!(call(&client, READ).await.unwrap().text, "hello");
    assert_eq!(script.attempts(), [1, 2, 3]);
    assert_eq!(script.dropped(), 1, "the attempt that took too long was cancelled");
}

#[tokio::test(start_paused = true)]
async fn the_last_failure_is_told_when_attempts_run_out() {
    let (client, script, _server) = script().await;
    script.next([down(), down(), Step::Fail(Status::unavailable("the third"))]);
    let status = call(&client, READ).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unavailable, "the third"));
    assert_eq!(script.attempts(), [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn what_may_have_run_is_not_repeated_unless_that_is_harmless() {
    let (client, script, _server) = script().await;
    script.next([Step::Hang]);
    let status = call(&client, WRITE).await.unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::UnknownOutcome, Executed::Unknown));
    script.next([down()]);
    assert_eq!(call(&client, WRITE).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(script.attempts(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn what_never_ran_is_repeated_whatever_it_does() {
    let (client, script, _server) = script().await;
    // A full house: the ninth is refused before its handler runs.
    script.next(vec![Step::Hang; 8]);
    let full: Vec<_> = (0..8).map(|_| tokio::spawn(call(&client, WRITE).once())).collect();
    while script.seen().len() < 8 {
        tokio::task::yield_now().await;
    }
    let ninth = tokio::spawn(call(&client, WRITE));
    for hung in full {
        assert!(hung.await.unwrap().is_err());
    }
    let status = ninth.await.unwrap().unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::ResourceExhausted, Executed::No));

    // Nobody there at first.
    let bus = Bus::new();
    let early = tokio::spawn(call(&Connection::local(&bus, "early"), WRITE));
    tokio::task::yield_now().await;
    let late = Connection::local(&bus, "late");
    let (_other, script, _server) = script_on(&late).await;
    early.await.unwrap().unwrap();
    assert_eq!(script.seen().len(), 1);
    assert!(script.attempts()[0] > 1);
}

async fn script_on(
    connection: &Connection,
) -> (Connection, super::fixture::Script, bodybroker_runtime::Server) {
    let script = super::fixture::Script::new(connection);
    let server = connection.serve(script.clone()).await.unwrap();
    (connection.clone(), script, server)
}

#[tokio::test(start_paused = true)]
async fn all_attempts_of_a_keyed_call_bear_one_key() {
    let (client, script, _server) = script().await;
    script.next([Step::Hang, down()]);
    call(&client, PAY).await.unwrap();
    let keys: Vec<_> = script.seen().into_iter().map(|seen| seen.key.unwrap()).collect();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");

    script.next([down()]);
    call(&client, PAY).idempotency_key("mine").await.unwrap();
    assert_eq!(script.seen().last().unwrap().key.as_deref(), Some("mine"));
    call(&client, PAY).await.unwrap();
    assert_ne!(script.seen().last().unwrap().key.as_ref(), Some(&keys[0]), "another effect");
}

#[tokio::test(start_paused = true)]
async fn mistakes_and_conflicts_are_not_repeated() {
    let (client, script, _server) = script().await;
    for status in [
        Status::invalid_argument("no"),
        Status::not_found("no"),
        Status::aborted("somebody was faster"),
        Status::failed_precondition("no"),
        Status::permission_denied("no"),
        Status::internal("a bug"),
    ] {
        script.next([Step::Fail(status.clone())]);
        assert_eq!(call(&client, READ).await.unwrap_err().code(), status.code());
    }
    assert!(script.attempts().iter().all(|attempt| *attempt == 1));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_when_is_not_asked_before() {
    let (client, script, _server) = script().await;
    let after = Duration::from_millis(700);
    script.next([Step::Fail(Status::unavailable("later").with_retry_after(after))]);
    let started = Instant::now();
    call(&client, READ).await.unwrap();
    assert!(started.elapsed() >= after, "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_repeated_that_could_not_be_answered_in_time() {
    let (client, script, _server) = script().await;
    let after = Duration::from_secs(5);
    script.next([Step::Fail(Status::unavailable("later").with_retry_after(after))]);
    let started = Instant::now();
    assert_eq!(call(&client, READ).await.unwrap_err().code(), Code::Unavailable);
    assert!(started.elapsed() < Duration::from_secs(1), "the call's own time-out");
    assert_eq!(script.attempts(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_server_in_trouble_is_not_buried() {
    let (client, script, _server) = script().await;
    let calls = 1_000;
    script.next(vec![down(); 5_000]);
    for _ in 0..calls {
        call(&client, READ).timeout(Duration::from_millis(900)).await.unwrap_err();
    }
    let again = script.seen().len() - calls;
    // A fifth, and the reserve of ten a second; without a budget it would be 2 000.
    assert!((200..=400).contains(&again), "{again} of {calls} calls were repeated");
}

#[tokio::test(start_paused = true)]
async fn only_one_of_two_callers_in_a_row_repeats() {
    let (client, script, _server) = script().await;
    script.next(vec![down(); 10]);
    call(&client, RELAY).await.unwrap_err();
    let of = |name| script.seen().iter().filter(|seen| seen.method == name).count();
    // The relay repeats at its first attempt, and no more once it is itself repeated.
    assert_eq!((of("Relay"), of("Read")), (3, 3 + 1 + 1));
}

#[tokio::test(start_paused = true)]
async fn a_caller_may_want_one_attempt() {
    let (client, script, _server) = script().await;
    script.next([down()]);
    call(&client, READ).once().await.unwrap_err();
    assert_eq!(script.attempts(), [1]);
}

#[tokio::test]
async fn a_call_waits_for_a_connection_that_broke() {
    let mut server = NatsServer::start().await.unwrap();
    let (other, script, _instance) = script_on(&connect(&server, "script").await).await;
    script.next([Step::Hang]);
    let client = connect(&server, "client").await;
    let calling = tokio::spawn(call(&client, WAIT).timeout(Duration::from_secs(20)));
    while script.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    server.restart().await.unwrap();
    calling.await.unwrap().unwrap();
    other.close().await;
}
