//! Answers that are kept.

mod events;
mod redis;
mod shared;

use std::sync::Arc;
use std::time::Duration;

use bodybroker_runtime::status::Code;
use bodybroker_runtime::{Call, Connection, Status};
use tokio::sync::Semaphore;

use super::fixture::{KEEP_IT, SPEC, Step, down, script};
use crate::fixture::Text;

/// Asks about a thing.
fn ask(client: &Connection, method: usize, thing: &str) -> Call<Text, Text> {
    client.call(&SPEC.methods[method], Text::new(thing))
}

/// What is said about a thing.
async fn say(client: &Connection, method: usize, thing: &str) -> String {
    ask(client, method, thing).await.unwrap().text
}

async fn keep(client: &Connection, thing: &str) -> String {
    say(client, KEEP_IT, thing).await
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_given_again_for_its_time_and_to_the_same_request_alone() {
    let (client, script, _server) = script().await;
    script.next([Step::Say("one"), Step::Say("other"), Step::Say("two")]);
    for _ in 0..10 {
        assert_eq!(keep(&client, "a").await, "one");
    }
    assert_eq!(keep(&client, "b").await, "other");
    // The same thing, asked about in another way.
    let number =
        client.call::<_, Text>(&SPEC.methods[KEEP_IT], Text { number: 7, ..Text::new("a") });
    assert_eq!(number.await.unwrap().text, "two");
    assert_eq!(script.seen().len(), 3);
    tokio::time::advance(ms(4001)).await;
    assert_eq!(keep(&client, "a").await, "a");
    assert_eq!(script.seen().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn callers_who_come_at_once_make_one_call_and_get_its_failure_all() {
    let (client, script, _server) = script().await;
    let permits = Arc::new(Semaphore::new(0));
    for (step, expected) in
        [(Step::Wait(Arc::clone(&permits)), None), (down(), Some(Code::Unavailable))]
    {
        let before = script.seen().len();
        script.next([step]);
        let calls: Vec<_> =
            (0..50).map(|_| tokio::spawn(ask(&client, KEEP_IT, "a").into_future())).collect();
        tokio::time::sleep(ms(50)).await;
        permits.add_permits(1);
        for call in calls {
            assert_eq!(call.await.unwrap().err().map(|status| status.code()), expected);
        }
        assert_eq!(script.seen().len(), before + 1);
        tokio::time::sleep(ms(5000)).await;
    }
    assert_eq!(keep(&client, "a").await, "a", "a failure isn't kept");
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_on_for_the_others_when_its_caller_leaves() {
    let (client, script, _server) = script().await;
    let permits = Arc::new(Semaphore::new(0));
    script.next([Step::Wait(Arc::clone(&permits))]);
    let first = tokio::spawn(ask(&client, KEEP_IT, "a").into_future());
    tokio::time::sleep(ms(50)).await;
    let second = tokio::spawn(ask(&client, KEEP_IT, "a").into_future());
    tokio::time::sleep(ms(50)).await;
    first.abort();
    tokio::time::sleep(ms(50)).await;
    permits.add_permits(1);
    assert_eq!(second.await.unwrap().unwrap().text, "a");
    assert_eq!((script.seen().len(), script.dropped()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn everyone_who_waits_has_the_time_of_their_own_call() {
    let (client, script, _server) = script().await;
    script.next([Step::Hang]);
    let started = tokio::time::Instant::now();
    // Whoever comes first has little time; the call that is made has the schema's second.
    let first = tokio::spawn(ask(&client, KEEP_IT, "a").timeout(ms(100)).into_future());
    tokio::time::sleep(ms(50)).await;
    let patient = tokio::spawn(ask(&client, KEEP_IT, "a").timeout(ms(3000)).into_future());
    assert_eq!(first.await.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
    assert!(started.elapsed() < ms(200), "{:?}", started.elapsed());
    // It outlives the call that it waited for, and makes another.
    assert_eq!(patient.await.unwrap().unwrap().text, "a");
    assert!(started.elapsed() >= ms(1000), "{:?}", started.elapsed());
    assert_eq!(script.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_past_its_time_is_given_while_one_call_fetches_the_next() {
    let (client, script, _server) = script().await;
    assert_eq!(keep(&client, "a").await, "a");
    tokio::time::advance(ms(1500)).await;
    let permits = Arc::new(Semaphore::new(0));
    script.next([Step::Wait(Arc::clone(&permits)), Step::Say("new")]);
    for _ in 0..10 {
        assert_eq!(keep(&client, "a").await, "a");
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(ms(10)).await;
    assert_eq!(script.seen().len(), 2);
    permits.add_permits(1);
    tokio::time::sleep(ms(1500)).await;
    assert_eq!(keep(&client, "a").await, "a", "old again, and fetched again");
    tokio::time::sleep(ms(10)).await;
    assert_eq!(keep(&client, "a").await, "new");
    assert_eq!(script.seen().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_the_server_leaves_the_old_answer_and_another_ends_it() {
    let (client, script, _server) = script().await;
    assert_eq!(keep(&client, "a").await, "a");
    tokio::time::advance(ms(1500)).await;
    script.next([down(), Step::Fail(Status::permission_denied("no more"))]);
    assert_eq!(keep(&client, "a").await, "a");
    tokio::time::sleep(ms(10)).await;
    assert_eq!(keep(&client, "a").await, "a", "the server is down");
    tokio::time::sleep(ms(10)).await;
    script.next([Step::Say("new")]);
    assert_eq!(keep(&client, "a").await, "new", "it isn't the answer any more");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_kept_for_a_time_of_its_own() {
    let (client, script, _server) = script().await;
    script.next([
        Step::Fail(Status::not_found("no `a`")),
        Step::Fail(Status::invalid_argument("no")),
    ]);
    for _ in 0..5 {
        let status = ask(&client, KEEP_IT, "a").await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::NotFound, "no `a`"));
    }
    assert_eq!(script.seen().len(), 1);
    assert_eq!(ask(&client, KEEP_IT, "b").await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(keep(&client, "b").await, "b", "no other failure is kept");
    tokio::time::advance(ms(501)).await;
    assert_eq!(keep(&client, "a").await, "a");
}

#[tokio::test(start_paused = true)]
async fn a_caller_may_ask_anew_and_what_was_under_way_is_not_kept_instead() {
    let (client, script, _server) = script().await;
    assert_eq!(keep(&client, "a").await, "a");
    script.next([Step::Say("new")]);
    assert_eq!(ask(&client, KEEP_IT, "a").fresh().await.unwrap().text, "new");
    assert_eq!(keep(&client, "a").await, "new");
    let permits = Arc::new(Semaphore::new(0));
    script.next([Step::Wait(Arc::clone(&permits)), Step::Say("newer")]);
    let old = tokio::spawn(ask(&client, KEEP_IT, "a").fresh().into_future());
    tokio::time::sleep(ms(10)).await;
    assert_eq!(ask(&client, KEEP_IT, "a").fresh().await.unwrap().text, "newer");
    permits.add_permits(1);
    assert_eq!(old.await.unwrap().unwrap().text, "a");
    assert_eq!(keep(&client, "a").await, "newer");
}

#[tokio::test(start_paused = true)]
async fn a_call_with_a_header_of_its_own_goes_past_what_is_kept() {
    let (client, script, _server) = script().await;
    assert_eq!(keep(&client, "a").await, "a");
    script.next([Step::Say("for ann")]);
    let own = ask(&client, KEEP_IT, "a").header("Test-Note", "ann").await.unwrap();
    assert_eq!(own.text, "for ann");
    assert_eq!(keep(&client, "a").await, "a");
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let traced = ask(&client, KEEP_IT, "a").header("traceparent", trace).await.unwrap();
    assert_eq!(traced.text, "a");
    assert_eq!(script.seen().len(), 2, "a trace asks for nothing");
}
