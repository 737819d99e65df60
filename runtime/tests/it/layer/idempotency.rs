//! One effect a key.

use std::sync::Arc;
use std::time::Duration;

use bodybroker_runtime::connection::Options;
use bodybroker_runtime::durable::StreamConfig;
use bodybroker_runtime::status::{Code, Executed};
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::{Call, Connection, Server, Status};
use tokio::sync::Semaphore;

use self::storage::Does;
use super::fixture::{BRIEF, ORDER, SPEC, Script, Step, call, down, order, script, two_scripts};
use crate::fixture::{Text, noise};

mod storage;

#[tokio::test(start_paused = true)]
async fn the_first_answer_is_given_again() {
    let (client, script, _servers) = two_scripts().await;
    for _ in 0..5 {
        assert_eq!(order(&client, "k1", "a sword").await.unwrap().text, "a sword");
    }
    assert_eq!(script.seen().len(), 1);
    order(&client, "k2", "a sword").await.unwrap();
    assert_eq!(script.seen().len(), 2, "another key is another effect");
    call(&client, ORDER).await.unwrap();
    call(&client, ORDER).await.unwrap();
    assert_eq!(script.seen().len(), 4, "without a key nothing is kept");
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_is_an_answer_is_given_again_and_one_that_passes_is_not() {
    let (client, script, _servers) = two_scripts().await;
    script.next([Step::Fail(Status::failed_precondition("too poor")), down()]);
    for _ in 0..3 {
        let status = order(&client, "k1", "a sword").await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, "too poor"));
    }
    assert_eq!(script.seen().len(), 1);
    order(&client, "k2", "a shield").await.unwrap_err();
    order(&client, "k2", "a shield").await.unwrap();
    assert_eq!(script.seen().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_key_belongs_to_one_request_and_one_caller() {
    let (client, script, _servers) = two_scripts().await;
    order(&client, "k1", "a sword").await.unwrap();
    let status = order(&client, "k1", "a shield").await.unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::FailedPrecondition, Executed::No));
    assert_eq!(script.seen().len(), 1);
    order(script.connection(), "k1", "a shield").await.expect("another caller has keys of its own");
}

#[tokio::test(start_paused = true)]
async fn two_calls_at_once_run_the_handler_once() {
    let (client, script, _servers) = two_scripts().await;
    let permits = Arc::new(Semaphore::new(0));
    script.next([Step::Wait(Arc::clone(&permits))]);
    let calls: Vec<_> =
        (0..8).map(|_| tokio::spawn(order(&client, "k1", "a sword").into_future())).collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    permits.add_permits(1);
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().text, "a sword");
    }
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_does_not_cut_the_effect_in_two() {
    let (client, script, _servers) = two_scripts().await;
    let permits = Arc::new(Semaphore::new(0));
    script.next([Step::Wait(Arc::clone(&permits))]);
    let left = order(&client, "k1", "a sword").timeout(Duration::from_millis(900));
    assert!(tokio::time::timeout(Duration::from_millis(50), left.into_future()).await.is_err());
    permits.add_permits(1);
    assert_eq!(order(&client, "k1", "a sword").await.unwrap().text, "a sword");
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_goes_on_without_its_caller_is_in_flight_until_its_answer_is_kept() {
    let (client, script, server, storage) = storage::script().await;
    let permits = Arc::new(Semaphore::new(0));
    script.next([Step::Wait(Arc::clone(&permits))]);
    leave(order(&client, "k1", "a sword"), &server, begun(&script)).await;
    assert_eq!(server.in_flight(), 1);
    let drain = server.drain();
    tokio::pin!(drain);
    tokio::time::timeout(Duration::from_millis(500), &mut drain).await.expect_err("it waits");
    storage.does(Does::Nothing);
    permits.add_permits(1);
    tokio::time::timeout(Duration::from_secs(2), &mut drain).await.expect_err("it waits");
    storage.does(Does::Work);
    drain.await;
    let other = script.connection().serve(script.clone()).await.unwrap();
    assert_eq!(order(&client, "k1", "a sword").await.unwrap().text, "a sword");
    assert_eq!((script.seen().len(), other.in_flight()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_drain_that_gives_up_ends_what_goes_on_without_its_caller() {
    let (client, script, server) = script().await;
    script.next([Step::Hang]);
    let long = order(&client, "k1", "a sword").timeout(Duration::from_secs(50));
    leave(long, &server, begun(&script)).await;
    assert_eq!(script.dropped(), 0);
    let drain = server.drain_within(Duration::from_secs(1));
    tokio::time::timeout(Duration::from_secs(5), drain).await.expect("it gives up");
    assert_eq!((script.dropped(), server.in_flight()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_connection_closes_in_seconds_whatever_goes_on() {
    let (client, script, server) = script().await;
    script.next([Step::Hang]);
    let long = order(&client, "k1", "a sword").timeout(Duration::from_secs(50));
    leave(long, &server, begun(&script)).await;
    let close = script.connection().close();
    tokio::time::timeout(Duration::from_secs(15), close).await.expect("it gives up");
    assert_eq!(script.dropped(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_while_its_key_is_claimed_leaves_it_free() {
    let (client, script, server, storage) = storage::script().await;
    storage.does(Does::Hold);
    leave(order(&client, "k1", "a sword"), &server, storage.written(1)).await;
    storage.does(Does::Work);
    assert_eq!(order(&client, "k1", "a sword").await.unwrap().text, "a sword");
    assert_eq!(script.seen().len(), 1);
}

async fn begun(script: &Script) {
    while script.seen().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Makes a call, and gives it up once something has happened; completes when its server has heard of that.
async fn leave(call: Call<Text, Text>, server: &Server, when: impl Future<Output = ()>) {
    let call = tokio::spawn(call.into_future());
    when.await;
    call.abort();
    while server.stats()[ORDER].cancelled == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_answer() {
    let (client, script, _servers) = two_scripts().await;
    script.next([Step::Panic]);
    for _ in 0..2 {
        let status = order(&client, "k1", "a sword").await.unwrap_err();
        assert_eq!(status.code(), Code::Internal);
    }
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_call_after_one_that_died_runs_the_handler_again() {
    let (client, script, _servers) = two_scripts().await;
    // It runs out of time without an answer, as in a process that is killed.
    script.next([Step::Hang]);
    let started = tokio::time::Instant::now();
    order(&client, "k1", "a sword").await.unwrap_err();
    let patient = order(&client, "k1", "a sword").timeout(Duration::from_secs(10));
    assert_eq!(patient.await.unwrap().text, "a sword");
    assert_eq!(script.seen().len(), 2);
    // The dead call's own second, and a grace.
    assert!(started.elapsed() >= Duration::from_secs(4), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn callers_who_are_less_patient_than_one_that_died_have_their_turn() {
    let (client, script, _servers) = two_scripts().await;
    script.next([Step::Hang]);
    order(&client, "k1", "a sword").timeout(Duration::from_secs(5)).await.unwrap_err();
    let again = async { while order(&client, "k1", "a sword").await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(30), again).await.expect("its time is over");
    assert_eq!(script.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_long_to_keep_is_not_had_again() {
    let (client, script, _servers) = two_scripts().await;
    let long = noise(3_000_000);
    assert!(order(&client, "k1", &long).await.unwrap().text == long);
    for _ in 0..3 {
        let status = order(&client, "k1", &long).await.unwrap_err();
        assert_eq!((status.code(), status.executed()), (Code::DataLoss, Executed::Yes), "{status}");
        assert!(status.message().contains("succeeded"), "{status}");
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_when_its_storage_is_back() {
    let (client, script, _server, storage) = storage::script().await;
    let permits = Arc::new(Semaphore::new(0));
    script.next([Step::Wait(Arc::clone(&permits))]);
    let first = tokio::spawn(order(&client, "k1", "a sword").into_future());
    storage.written(1).await;
    storage.does(Does::Nothing);
    permits.add_permits(1);
    assert_eq!(first.await.unwrap().unwrap().text, "a sword", "it is told meanwhile");
    let back = async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        storage.does(Does::Work);
    };
    let again = async {
        loop {
            if let Ok(answer) = order(&client, "k1", "a sword").await {
                return answer.text;
            }
            tokio::time::sleep(Duration::from_millis(70)).await;
        }
    };
    let ((), answer) = tokio::join!(back, again);
    assert_eq!((answer.as_str(), script.seen().len()), ("a sword", 1));
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_for_an_answer_that_is_there_reads_no_stream() {
    let (client, _script, _server, storage) = storage::script().await;
    for _ in 0..3 {
        order(&client, "k1", "a sword").await.unwrap();
    }
    assert_eq!(storage.readings(), 0);
}

#[tokio::test]
async fn an_answer_is_forgotten_when_its_time_is_over() {
    let server = NatsServer::start().await.unwrap();
    let options = |name| Options::new(server.url(), name).provision(true);
    let client = Connection::connect(options("client")).await.unwrap();
    let connection = Connection::connect(options("script")).await.unwrap();
    let script = Script::new(&connection);
    let _instance = connection.serve(script.clone()).await.unwrap();
    let again = async {
        while script.seen().len() < 2 {
            call(&client, BRIEF).idempotency_key("k1").await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(15), again).await.expect("it is forgotten");
}

#[tokio::test]
async fn a_bucket_of_an_older_release_keeps_answers() {
    let server = NatsServer::start().await.unwrap();
    let connect = |name| Connection::connect(Options::new(server.url(), name));
    let (client, connection) = (connect("client").await.unwrap(), connect("script").await.unwrap());
    let bucket = StreamConfig::of_bucket(SPEC.buckets[0]);
    let older = StreamConfig { batches: false, ..bucket };
    connection.durable().provision(&older).await.unwrap();
    let script = Script::new(&connection);
    let _instance = connection.serve(script.clone()).await.unwrap();
    for _ in 0..3 {
        call(&client, BRIEF).idempotency_key("k1").await.unwrap();
    }
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_longer_than_its_answer_counts_is_not_made_beside_itself() {
    let (client, script, _servers) = two_scripts().await;
    let permits = Arc::new(Semaphore::new(0));
    script.next([Step::Wait(Arc::clone(&permits))]);
    let brief = || tokio::spawn(call(&client, BRIEF).idempotency_key("k1").into_future());
    let first = brief();
    begun(&script).await;
    let mut second = brief();
    tokio::time::timeout(Duration::from_millis(500), &mut second).await.expect_err("it waits");
    permits.add_permits(1);
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_instance_whose_clock_is_days_ahead_finds_answers() {
    let (client, script, _server, storage) = storage::script().await;
    storage.is_behind(Duration::from_hours(48));
    for _ in 0..3 {
        assert_eq!(order(&client, "k1", "a sword").await.unwrap().text, "a sword");
    }
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_handler_has_no_more_time_than_its_claim_is_kept() {
    let (client, script, _servers) = two_scripts().await;
    script.next([Step::Hang]);
    let status = order(&client, "k1", "a sword").timeout(Duration::from_mins(5)).await.unwrap_err();
    assert_eq!((status.code(), script.dropped()), (Code::DeadlineExceeded, 1));
    order(&client, "k1", "a sword").await.unwrap();
}

#[tokio::test]
async fn a_key_outlives_the_instance_that_answered() {
    let server = NatsServer::start().await.unwrap();
    let options = |name| Options::new(server.url(), name).provision(true);
    let client = Connection::connect(options("client")).await.unwrap();
    for _ in 0..2 {
        let connection = Connection::connect(options("script")).await.unwrap();
        let script = Script::new(&connection);
        let instance = connection.serve(script.clone()).await.unwrap();
        assert_eq!(order(&client, "k1", "a sword").await.unwrap().text, "a sword");
        assert!(script.seen().len() <= 1);
        instance.drain().await;
        connection.close().await;
        if script.seen().is_empty() {
            return;
        }
    }
    panic!("the second instance ran the handler again");
}
