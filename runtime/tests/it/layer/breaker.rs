//! Calls that are given up for a while.

use bodybroker_runtime::Status;
use bodybroker_runtime::status::{Code, Executed};

use super::fixture::{BREAKER, GUARDED, PLAIN, Step, call, down, script};

#[tokio::test(start_paused = true)]
async fn calls_are_held_back_until_a_probe_succeeds() {
    let (client, script, _server) = script().await;
    script.next(vec![down(); 5]);
    for _ in 0..5 {
        assert_eq!(call(&client, GUARDED).await.unwrap_err().message(), "down");
    }
    let refused = call(&client, GUARDED).await.unwrap_err();
    assert_eq!((refused.code(), refused.executed()), (Code::Unavailable, Executed::No));
    assert_eq!(script.seen().len(), 5, "the server is left alone");
    call(&client, PLAIN).await.expect("the other methods go on");

    tokio::time::sleep(refused.retry_after().unwrap()).await;
    script.next([down()]);
    assert_eq!(call(&client, GUARDED).await.unwrap_err().message(), "down", "a probe");
    assert!(call(&client, GUARDED).await.is_err(), "which failed");
    tokio::time::sleep(BREAKER.open).await;
    for _ in 0..3 {
        call(&client, GUARDED).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_mistakes_of_callers_hold_nothing_back() {
    let (client, script, _server) = script().await;
    script.next(vec![Step::Fail(Status::not_found("no")); 20]);
    for _ in 0..20 {
        assert_eq!(call(&client, GUARDED).await.unwrap_err().code(), Code::NotFound);
    }
}
