//! Requests that waited on their way, and callers whose clocks are wrong.

use std::time::Duration;

use bodybroker_runtime::bus::Fault;
use bodybroker_runtime::connection::Options;
use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::status::{Code, Executed};
use bodybroker_runtime::subject::{Filter, Subject};
use bodybroker_runtime::testing::proxy::{Faults, Flow};
use bodybroker_runtime::testing::{NatsServer, Proxy, set_clock_wrong};
use bodybroker_runtime::transport::{Flush, Outgoing};
use bodybroker_runtime::{Bus, Connection, Server};
use prost::Message as _;

use crate::fixture::{ECHO, Echo, Text, call_of, echo};

/// The time-out of the schema.
const TIMEOUT: Duration = Duration::from_secs(5);
/// By how much a request may be handled too late: two steps of the clock.
const RESOLUTION: Duration = Duration::from_millis(128);
/// How far clocks may differ when they meet.
const SKEW_MAX: Duration = Duration::from_secs(5);
/// Longer than anything waits here.
const AGES: Duration = Duration::from_mins(1);

/// An instance on a bus, and how many calls of `echo` it has handled and found expired.
struct Stage {
    bus: Bus,
    instance: Server,
}

impl Stage {
    async fn new() -> Self {
        let bus = Bus::new();
        let connection = Connection::local(&bus, "echo");
        let instance = connection.serve(Echo::new(&connection)).await.unwrap();
        Self { bus, instance }
    }

    fn caller(&self) -> Connection {
        Connection::local(&self.bus, "client")
    }

    /// Holds up one call of `echo`, which has `timeout` or the schema's time-out, and tells whether it was handled.
    async fn handles(
        &self,
        caller: &Connection,
        held: Duration,
        timeout: Option<Duration>,
    ) -> bool {
        let (handled, expired) = self.counts();
        let fault = Fault::delay(Filter::literal("svc.test.echo.v1.echo"), held).nth(1);
        let fault = self.bus.inject(fault);
        let call = call_of(caller, ECHO, Text::default());
        let _ = match timeout {
            Some(timeout) => call.timeout(timeout).await,
            None => call.await,
        };
        tokio::time::sleep(AGES).await;
        assert_eq!(self.bus.remove(fault), 1);
        let (now_handled, now_expired) = self.counts();
        assert_eq!(now_handled - handled + now_expired - expired, 1, "it is one or the other");
        now_handled > handled
    }

    fn counts(&self) -> (u64, u64) {
        let stats = &self.instance.stats()[ECHO];
        (stats.ended, stats.expired)
    }
}

async fn hello(caller: &Connection) {
    call_of(caller, ECHO, Text::default()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waited_longer_than_its_caller_is_not_handled() {
    let stage = Stage::new().await;
    for wrong_ms in [-4_321, 0, 4_321] {
        let caller = stage.caller();
        set_clock_wrong(&caller, wrong_ms);
        for timeout in [None, Some(Duration::from_millis(700)), Some(Duration::from_secs(30))] {
            let whole = timeout.unwrap_or(TIMEOUT);
            for late in [RESOLUTION, Duration::from_secs(20)] {
                hello(&caller).await;
                assert!(!stage.handles(&caller, whole + late, timeout).await, "{late:?}");
            }
            hello(&caller).await;
            let in_time = whole.checked_sub(Duration::from_millis(1)).unwrap();
            assert!(stage.handles(&caller, in_time, timeout).await, "its caller still waits");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_request_of_a_caller_is_at_most_as_late_as_clocks_may_differ() {
    let stage = Stage::new().await;
    let held = TIMEOUT + SKEW_MAX;
    assert!(stage.handles(&stage.caller(), held, None).await, "nobody knows how old it is");
    assert!(!stage.handles(&stage.caller(), held + RESOLUTION, None).await);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong_by_seconds_loses_no_call() {
    let stage = Stage::new().await;
    for wrong_ms in [-5_000, -1_001, -200, 0, 200, 1_001, 5_000] {
        let caller = stage.caller();
        set_clock_wrong(&caller, wrong_ms);
        let short = Duration::from_millis(100);
        for _ in 0..50 {
            call_of(&caller, ECHO, Text::default()).timeout(short).await.unwrap();
            tokio::time::sleep(Duration::from_millis(13)).await;
        }
    }
    assert_eq!(stage.counts(), (350, 0));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong_by_an_hour_costs_one_call_and_says_that_it_never_ran() {
    let stage = Stage::new().await;
    for wrong_ms in [-3_600_000, 3_600_000] {
        let caller = stage.caller();
        set_clock_wrong(&caller, wrong_ms);
        let told = call_of(&caller, ECHO, Text::default()).await.unwrap_err();
        assert_eq!((told.code(), told.executed()), (Code::Unavailable, Executed::No), "{told}");
        for _ in 0..10 {
            hello(&caller).await;
        }
        assert!(!stage.handles(&caller, TIMEOUT + RESOLUTION, None).await);
        hello(&caller).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_was_suspended_is_believed_after_one_call() {
    let stage = Stage::new().await;
    let caller = stage.caller();
    hello(&caller).await;
    set_clock_wrong(&caller, -600_000);
    tokio::time::sleep(RESOLUTION).await;
    // All that are under way at once are told; the clock is renamed once.
    let calls: Vec<_> =
        (0..8).map(|_| tokio::spawn(call_of(&caller, ECHO, Text::default()))).collect();
    for call in calls {
        let told = call.await.unwrap().unwrap_err();
        assert_eq!((told.code(), told.executed()), (Code::Unavailable, Executed::No), "{told}");
    }
    hello(&caller).await;
    assert_eq!(stage.counts(), (2, 8));
    // Another connection is another caller.
    hello(&stage.caller()).await;
}

#[tokio::test(start_paused = true)]
async fn requests_without_a_stamp_are_never_old() {
    let stage = Stage::new().await;
    let caller = stage.caller();
    hello(&caller).await;
    let replies = [
        // Other clients' inboxes.
        "_INBOX.abcdef.1",
        "_INBOX.client.abcdef.0-0",
        // Forged, or broken.
        "_INBOX.client.abcdef.0-0.T",
        "_INBOX.client.abcdef.0-0.TX",
        "_INBOX.client.abcdef.0-0.T1L",
        "_INBOX.client.abcdef.0-0.Tzzzzzzzzzzzzzzzzzz",
        "_INBOX.client.abcdef.0-0.1-1",
    ];
    for reply in replies {
        publish(&caller, reply);
    }
    hello(&caller).await;
    assert_eq!(stage.counts(), (2 + replies.len() as u64, 0));
    // What is a stamp, of 1970, is judged.
    publish(&caller, "_INBOX.client.abcdef.0-0.T1");
    hello(&caller).await;
    assert_eq!(stage.counts(), (3 + replies.len() as u64, 1));
}

#[tokio::test(start_paused = true)]
async fn a_stamp_in_the_name_of_another_costs_that_one_call() {
    let stage = Stage::new().await;
    let caller = stage.caller();
    hello(&caller).await;
    publish(&caller, &format!("_INBOX.client.{}.z-0.Tzzzzzzz", caller.id()));
    let told = call_of(&caller, ECHO, Text::default()).await.unwrap_err();
    assert_eq!((told.code(), told.executed()), (Code::Unavailable, Executed::No), "{told}");
    hello(&caller).await;
}

#[tokio::test]
async fn what_a_link_has_kept_for_too_long_is_not_handled() {
    let server = NatsServer::start().await.unwrap();
    let (_, _, instance) = echo(&server).await;
    let proxy = Proxy::to(([127, 0, 0, 1], server.port())).await.unwrap();
    let caller = Connection::connect(Options::new(proxy.url(), "client")).await.unwrap();
    hello(&caller).await;
    proxy.set(Faults { up: Flow::BLOCKED, down: Flow::CLEAR });
    let calls: Vec<_> =
        (0..10).map(|_| tokio::spawn(call_of(&caller, ECHO, Text::default()))).collect();
    let given_up = tokio::time::Instant::now() + TIMEOUT;
    for call in calls {
        assert!(call.await.unwrap().is_err());
    }
    // The connection may have been given up before, and the calls with it.
    tokio::time::sleep_until(given_up + 2 * RESOLUTION).await;
    proxy.heal();
    while instance.stats()[ECHO].expired < 10 {
        assert!(given_up.elapsed() < AGES, "{:?}", instance.stats()[ECHO]);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(instance.stats()[ECHO].ended, 1);
}

fn publish(connection: &Connection, reply: &str) {
    let body = Text::default().encode_to_vec();
    let outgoing = Outgoing {
        subject: &Subject::literal("svc.test.echo.v1.echo"),
        reply: Some(&Subject::parse(reply).unwrap()),
        headers: &Headers::new(),
        body: &body,
        expires: None,
        flush: Flush::Soon,
    };
    connection.tx().publish(&outgoing).unwrap();
}
