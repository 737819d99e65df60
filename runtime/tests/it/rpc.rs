//! Unary calls over a real server.

use std::time::Duration;

use bodybroker_runtime::status::{Code, Executed};
use bodybroker_runtime::testing::NatsServer;
use futures::{FutureExt as _, StreamExt as _};

use crate::fixture::{
    ECHO, FAIL, HANG, NESTED, PANIC, READ, REMAINING, Text, call_of, connect, echo, settled,
};

#[tokio::test]
async fn a_call_is_answered() {
    let server = NatsServer::start().await.unwrap();
    let (client, _, _instance) = echo(&server).await;
    let calling = call_of(&client, ECHO, Text::new("hello"));
    let answer = tokio::spawn(calling).await.unwrap().unwrap();
    assert_eq!(answer.text, "hello");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_at_once_get_their_own_answers_and_leave_nothing() {
    let server = NatsServer::start().await.unwrap();
    let (client, _, _instance) = echo(&server).await;
    let callers: Vec<_> = (0..32_u64)
        .map(|caller| {
            let client = client.clone();
            tokio::spawn(async move {
                for call in 0..200 {
                    let number = caller * 1000 + call;
                    let answer = call_of(&client, ECHO, Text::number(number)).await.unwrap();
                    assert_eq!(answer.number, number);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!(client.mux().in_flight(), 0);
    assert!(client.mux().slots() <= 64, "{:?}", client.mux());
    assert_eq!(client.mux().late_replies(), 0);
}

#[tokio::test]
async fn nobody_there_is_told_at_once_and_never_executed() {
    let server = NatsServer::start().await.unwrap();
    let client = connect(&server, "client").await;
    let status = call_of(&client, ECHO, Text::default()).await.unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::Unavailable, Executed::No));
    assert!(status.message().contains("svc.test.echo.v1.echo"), "{status}");
}

#[tokio::test]
async fn a_failure_arrives_whole() {
    let server = NatsServer::start().await.unwrap();
    let (client, _, _instance) = echo(&server).await;
    let status = call_of(&client, FAIL, Text::number(40)).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Aborted, "somebody was faster"));
    assert_eq!(status.retry_after(), Some(Duration::from_millis(40)));
    assert_eq!(status.executed(), Executed::Yes);
}

#[tokio::test]
async fn a_panic_is_answered_and_contained() {
    let server = NatsServer::start().await.unwrap();
    let (client, _, instance) = echo(&server).await;
    // The first panics while it is polled where it was read, the second on a task of its own.
    for number in [0, 1] {
        let status = call_of(&client, PANIC, Text::number(number)).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{status}");
    }
    assert_eq!(call_of(&client, ECHO, Text::new("still here")).await.unwrap().text, "still here");
    assert_eq!(instance.in_flight(), 0);
}

#[tokio::test]
async fn a_time_out_says_what_is_known_and_drops_the_handler() {
    let server = NatsServer::start().await.unwrap();
    let (client, echo, instance) = echo(&server).await;
    let short = Duration::from_millis(50);
    let status = call_of(&client, HANG, Text::default()).timeout(short).await.unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::UnknownOutcome, Executed::Unknown));
    let status = call_of(&client, READ, Text::default()).timeout(short).await.unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::DeadlineExceeded, Executed::Unknown));
    echo.hung.dropped(2).await;
    instance.drain().await;
    assert_eq!((instance.in_flight(), client.mux().in_flight()), (0, 0));
}

#[tokio::test]
async fn a_dropped_call_cancels_its_handler() {
    let server = NatsServer::start().await.unwrap();
    let (client, echo, _instance) = echo(&server).await;
    let calling = tokio::spawn(call_of(&client, HANG, Text::default()));
    echo.hung.started(1).await;
    calling.abort();
    echo.hung.dropped(1).await;
    assert_eq!(client.mux().in_flight(), 0);
}

/// Its reply subject is the next call's: whoever heard of it late would give that up.
#[tokio::test]
async fn a_call_that_is_answered_and_dropped_cancels_nothing() {
    let server = NatsServer::start().await.unwrap();
    let (client, echo, _instance) = echo(&server).await;
    let observer = async_nats::connect(server.url()).await.unwrap();
    let mut given_up = observer.subscribe("svc.test.echo.v1.$cancel").await.unwrap();
    settled(&observer).await;
    let mut answered = Box::pin(call_of(&client, ECHO, Text::new("first")));
    assert!(futures::poll!(&mut answered).is_pending());
    // Its answer lies behind the first one's.
    call_of(&client, ECHO, Text::new("second")).await.unwrap();
    drop(answered);
    let calling = tokio::spawn(call_of(&client, HANG, Text::default()));
    echo.hung.started(1).await;
    calling.abort();
    echo.hung.dropped(1).await;
    settled(&observer).await;
    let heard = std::iter::from_fn(|| given_up.next().now_or_never());
    assert_eq!(heard.count(), 1, "of the call that hangs");
}

#[tokio::test]
async fn deadlines_are_inherited_and_travel() {
    let server = NatsServer::start().await.unwrap();
    let (client, _, _instance) = echo(&server).await;
    let own = call_of(&client, REMAINING, Text::default()).await.unwrap().number;
    assert!((4_500..=5_000).contains(&own), "the schema says 5 s: {own}");
    let longer = call_of(&client, REMAINING, Text::default()).timeout(Duration::from_mins(1));
    let longer = longer.await.unwrap().number;
    assert!((59_000..=60_000).contains(&longer), "{longer}");
    let nested = call_of(&client, NESTED, Text::default()).timeout(Duration::from_secs(2));
    let nested = nested.await.unwrap().number;
    assert!((1_000..=2_000).contains(&nested), "what was left of 2 s: {nested}");
}

#[tokio::test]
async fn more_than_may_be_in_flight_is_refused_with_a_time_to_come_back() {
    let server = NatsServer::start().await.unwrap();
    let (client, echo, _instance) = echo(&server).await;
    let calls: Vec<_> =
        (0..64).map(|_| tokio::spawn(call_of(&client, HANG, Text::default()))).collect();
    echo.hung.started(64).await;
    let status = call_of(&client, HANG, Text::default()).await.unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::ResourceExhausted, Executed::No));
    assert!(status.retry_after().is_some());
    // Another method has a limit of its own.
    assert!(call_of(&client, ECHO, Text::default()).await.is_ok());
    for call in calls {
        call.abort();
    }
    echo.hung.dropped(64).await;
}

#[tokio::test]
async fn instances_share_the_calls() {
    let server = NatsServer::start().await.unwrap();
    let (client, mut first, _instance) = echo(&server).await;
    first.name = "first";
    let connection = connect(&server, "echo").await;
    let second = crate::fixture::Echo { name: "second", ..crate::fixture::Echo::new(&connection) };
    let _second = connection.serve(second).await.unwrap();
    let mut heard = std::collections::BTreeMap::<String, usize>::new();
    for _ in 0..100 {
        *heard.entry(call_of(&client, ECHO, Text::default()).await.unwrap().text).or_default() += 1;
    }
    assert_eq!(heard.values().sum::<usize>(), 100, "each call was answered once");
    assert_eq!(heard.len(), 2, "{heard:?}");
}
