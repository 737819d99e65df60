//! A second call beside one that dawdles.

use bodybroker_runtime::Status;
use bodybroker_runtime::status::Code;

use super::fixture::{LOOK, Step, call, script};

#[tokio::test(start_paused = true)]
async fn the_second_call_overtakes_one_that_hangs_and_cancels_it() {
    let (client, script, _server) = script().await;
    script.next([Step::Hang]);
    call(&client, LOOK).await.unwrap();
    assert_eq!(script.seen().len(), 2);
    while script.dropped() < 1 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_answered_in_time_is_made_once() {
    let (client, script, _server) = script().await;
    call(&client, LOOK).await.unwrap();
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_once_no_call_is_left_that_could_succeed() {
    let (client, script, _server) = script().await;
    script.next([Step::Hang, Step::Fail(Status::internal("a bug"))]);
    // The second fails at once, the first runs out of time.
    assert_eq!(call(&client, LOOK).await.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(script.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_every_instance_would_say_ends_the_wait_for_one_that_hangs() {
    let (client, script, _server) = script().await;
    script.next([Step::Hang, Step::Fail(Status::not_found("no such thing"))]);
    assert_eq!(call(&client, LOOK).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(script.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_caller_may_want_one_call() {
    let (client, script, _server) = script().await;
    script.next([Step::Hang]);
    call(&client, LOOK).once().await.unwrap_err();
    assert_eq!(script.seen().len(), 1);
}
