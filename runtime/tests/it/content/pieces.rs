//! Requests and answers that one message can't hold.

use std::time::Duration;

use bodybroker_runtime::bus::Fault;
use bodybroker_runtime::connection::{Options, Strand};
use bodybroker_runtime::durable::Auth;
use bodybroker_runtime::status::{Code, Executed};
use bodybroker_runtime::subject::Filter;
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::{Bus, Connection, Server};
use futures::StreamExt as _;

use crate::fixture::{BIG, ECHO, Echo, HANG, Text, call_of, connect_by, echo, noise};

/// More than a message holds, whether it is compressed or not.
const LONG: usize = 3_000_000;

/// Waits for something that nobody tells.
async fn until(what: impl Fn() -> bool) {
    let looking = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), looking).await.expect("it happens in time");
}

/// A service and its caller on a bus of small messages.
struct Pair {
    bus: Bus,
    client: Connection,
    host: Connection,
    echo: Echo,
    instance: Server,
}

impl Pair {
    async fn new(seed: u64) -> Self {
        let bus = Bus::with_max_payload(seed, 16 * 1024);
        let (client, host) = (Connection::local(&bus, "client"), Connection::local(&bus, "host"));
        let echo = Echo::new(&host);
        let instance = host.serve(echo.clone()).await.unwrap();
        Self { bus, client, host, echo, instance }
    }

    /// Completes when neither side holds anything of a call.
    async fn clean(&self) {
        until(|| {
            let streams = self.client.mux().streams() + self.host.mux().streams();
            streams + self.instance.in_flight() + self.client.mux().in_flight() == 0
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_and_answers_of_any_length_travel_over_a_server() {
    any_length_travels(1).await;
}

#[tokio::test]
async fn requests_and_answers_of_any_length_travel_over_several_connections() {
    any_length_travels(3).await;
}

async fn any_length_travels(pairs: usize) {
    let server = NatsServer::start().await.unwrap();
    let host = connect_by(pairs, &server.url(), "echo").await;
    let _instance = host.serve(Echo::new(&host)).await.unwrap();
    let client = connect_by(pairs, &server.url(), "client").await;
    // One is as long compressed as the limit of a message allows twice; the other can't be, for it would shrink too much.
    for text in [noise(LONG), "x".repeat(LONG)] {
        let calls: Vec<_> = (0..4)
            .map(|_| tokio::spawn(call_of(&client, ECHO, Text::new(&text)).into_future()))
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap().text, text);
        }
    }
    let left = |strand: &Strand| strand.mux().streams() + strand.mux().in_flight();
    until(|| client.strands().iter().map(left).sum::<usize>() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn every_length_around_the_limit_travels_over_a_bus() {
    let pair = Pair::new(1).await;
    for length in (15_900..16_700).step_by(37).chain([32_768, 65_536, 100_000]) {
        let text = "x".repeat(length);
        let answer = call_of(&pair.client, ECHO, Text::new(&text)).await.unwrap();
        assert!(answer.text == text, "{length}");
    }
    pair.clean().await;
}

#[tokio::test]
async fn who_may_take_less_refuses_with_sizes_before_anything_is_fetched() {
    let pair = Pair::new(1).await;
    pair.host.set_message_bytes_max(50_000);
    let status = call_of(&pair.client, ECHO, Text::new(&"x".repeat(60_000))).await.unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::InvalidArgument, Executed::No));
    assert!(status.message().contains("60004 bytes, and at most 50000"), "{status}");
    let status = call_of(&pair.client, BIG, Text::number(60_000)).await.unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::ResourceExhausted, Executed::Yes));
    assert!(status.message().contains("60004 bytes"), "{status}");
    pair.client.set_message_bytes_max(30_000);
    let status = call_of(&pair.client, BIG, Text::number(40_000)).await.unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::DataLoss, Executed::Yes));
    assert!(status.message().contains("40004 bytes, and at most 30000"), "{status}");
    pair.clean().await;
}

#[tokio::test]
async fn who_is_not_ours_is_told_that_the_answer_is_too_long() {
    let server = NatsServer::start().await.unwrap();
    let (_client, _, _instance) = echo(&server).await;
    let foreign = async_nats::connect(server.url()).await.unwrap();
    let request = prost::Message::encode_to_vec(&Text::number(LONG as u64));
    let answer = foreign.request("svc.test.echo.v1.big", request.into()).await.unwrap();
    let headers = answer.headers.unwrap();
    assert_eq!(headers.get("Bb-Status").unwrap().as_str(), "8");
    assert!(headers.get("Nats-Service-Error").unwrap().as_str().contains("1048576"));
}

#[tokio::test(start_paused = true)]
async fn pieces_that_are_lost_are_sent_again() {
    // What the host asks for and gets of the request, and the client of the answer.
    for inbox in
        ["_INBOX.client.*.S0", "_INBOX.host.*.S0", "_INBOX.host.*.S1", "_INBOX.client.*.S1"]
    {
        for nth in 1..5 {
            let pair = Pair::new(nth).await;
            let fault = pair.bus.inject(Fault::drop(Filter::literal(inbox)).nth(nth));
            let text = noise(100_000);
            let calling = call_of(&pair.client, ECHO, Text::new(&text));
            let answer = calling.timeout(Duration::from_secs(30)).await.unwrap();
            assert!(answer.text == text);
            assert!(nth > 1 || pair.bus.hits(fault) == 1, "something was lost of {inbox}");
            pair.clean().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_network_shortens_no_message() {
    for seed in 0..40 {
        let pair = Pair::new(seed).await;
        let inboxes = Filter::literal("_INBOX.>");
        pair.bus.inject(Fault::drop(inboxes.clone()).per_mille(60));
        pair.bus.inject(Fault::duplicate(inboxes.clone()).per_mille(100));
        pair.bus.inject(Fault::reorder(inboxes.clone()).per_mille(100));
        pair.bus.inject(Fault::delay(inboxes, Duration::from_millis(300)).per_mille(50));
        let text = noise(150_000);
        let calling = call_of(&pair.client, ECHO, Text::new(&text));
        match calling.timeout(Duration::from_secs(30)).await {
            Ok(answer) => assert!(answer.text == text, "seed {seed}"),
            Err(status) => assert!(
                [Code::DataLoss, Code::Unavailable, Code::DeadlineExceeded]
                    .contains(&status.code()),
                "seed {seed}: {status}"
            ),
        }
        pair.clean().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_pieces_stay_away_never_ran() {
    let pair = Pair::new(1).await;
    // The host hears that there is a request, and never gets at it.
    pair.bus.inject(Fault::drop(Filter::literal("_INBOX.client.*.S0")));
    let calling = call_of(&pair.client, BIG, Text::new(&"x".repeat(100_000)));
    let status = calling.timeout(Duration::from_secs(20)).await.unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::Unavailable, Executed::No), "{status}");
    pair.clean().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_whose_pieces_stay_away_is_not_taken_for_one() {
    let pair = Pair::new(1).await;
    pair.bus.inject(Fault::drop(Filter::literal("_INBOX.host.>")));
    let status = call_of(&pair.client, BIG, Text::number(100_000)).await.unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::UnknownOutcome, Executed::Unknown));
    pair.clean().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_fetches_is_not_held_for_as_long_as_its_call_may_take() {
    let pair = Pair::new(1).await;
    // Its caller dies when it has called.
    for silent in ["_INBOX.host.>", "svc.test.echo.v1.$cancel"] {
        pair.bus.inject(Fault::drop(Filter::literal(silent)));
    }
    let calling = call_of(&pair.client, BIG, Text::number(100_000));
    let calling = tokio::spawn(calling.timeout(Duration::from_mins(10)));
    until(|| pair.instance.in_flight() == 1).await;
    calling.abort();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(pair.instance.in_flight(), 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    pair.clean().await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_frees_what_has_come() {
    let pair = Pair::new(1).await;
    let late = Fault::delay(Filter::literal("_INBOX.host.>"), Duration::from_secs(1));
    let late = pair.bus.inject(late);
    let calling =
        tokio::spawn(call_of(&pair.client, ECHO, Text::new(&noise(200_000))).into_future());
    until(|| pair.host.mux().streams() == 1 && pair.bus.hits(late) > 2).await;
    calling.abort();
    pair.clean().await;
    // And in the middle of its answer.
    pair.bus.remove(late);
    let parts = Fault::delay(Filter::literal("_INBOX.client.*.S1"), Duration::from_secs(1));
    let parts = pair.bus.inject(parts);
    let calling = tokio::spawn(call_of(&pair.client, BIG, Text::number(200_000)).into_future());
    until(|| pair.bus.hits(parts) > 0).await;
    calling.abort();
    pair.clean().await;
}

#[tokio::test(start_paused = true)]
async fn a_long_request_that_hangs_is_cancelled_with_its_call() {
    let pair = Pair::new(1).await;
    let long = Text::new(&"x".repeat(100_000));
    let calling = tokio::spawn(call_of(&pair.client, HANG, long.clone()).into_future());
    pair.echo.hung.started(1).await;
    calling.abort();
    pair.echo.hung.dropped(1).await;
    let short = Duration::from_millis(300);
    let status = call_of(&pair.client, HANG, long).timeout(short).await.unwrap_err();
    assert_eq!(status.code(), Code::UnknownOutcome);
    pair.clean().await;
}

#[tokio::test(start_paused = true)]
async fn an_instance_holds_so_many_long_requests_and_sheds_the_others() {
    let pair = Pair::new(1).await;
    pair.host.set_message_bytes_max(100_000);
    let long = Text::new(&"x".repeat(99_000));
    let calls: Vec<_> = (0..16)
        .map(|_| tokio::spawn(call_of(&pair.client, HANG, long.clone()).into_future()))
        .collect();
    pair.echo.hung.started(16).await;
    let status = call_of(&pair.client, HANG, long.clone()).await.unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::ResourceExhausted, Executed::No));
    assert!(status.retry_after().is_some(), "{status}");
    assert!(call_of(&pair.client, ECHO, Text::new("short")).await.is_ok());
    for call in calls {
        call.abort();
    }
    pair.echo.hung.dropped(16).await;
    pair.clean().await;
    assert!(call_of(&pair.client, ECHO, long).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_drain_sees_an_answer_in_pieces_out() {
    let pair = Pair::new(1).await;
    let parts = Fault::delay(Filter::literal("_INBOX.client.*.S0"), Duration::from_millis(100));
    let parts = pair.bus.inject(parts);
    let calling = tokio::spawn(call_of(&pair.client, BIG, Text::number(200_000)).into_future());
    until(|| pair.bus.hits(parts) > 0).await;
    let (answer, ()) = tokio::join!(calling, pair.instance.drain());
    assert_eq!(answer.unwrap().unwrap().text.len(), 200_000);
    pair.clean().await;
}

#[tokio::test]
async fn what_callers_and_services_may_do_anyway_is_enough_for_pieces() {
    const USERS: &str = r#"
    authorization { users: [
        { user: echo, password: p, permissions: {
            publish: ["_INBOX.client.>"], subscribe: ["svc.test.echo.v1.>", "_INBOX.echo.>", "$SRV.>"] } }
        { user: client, password: p, permissions: {
            publish: ["svc.test.echo.v1.>", "_INBOX.echo.>"], subscribe: "_INBOX.client.>" } }
    ] }"#;
    let server = NatsServer::builder().config(USERS).start().await.unwrap();
    let connect = async |name: &str| {
        let auth = Auth::User(name.to_owned(), "p".to_owned());
        Connection::connect(Options::new(server.url(), name).auth(auth)).await.unwrap()
    };
    let (host, client) = (connect("echo").await, connect("client").await);
    let _instance = host.serve(Echo::new(&host)).await.unwrap();
    let text = noise(LONG);
    assert!(call_of(&client, ECHO, Text::new(&text)).await.unwrap().text == text);
}

#[tokio::test]
async fn an_answer_that_says_it_is_elsewhere_is_believed_only_as_far_as_it_goes() {
    let server = NatsServer::start().await.unwrap();
    let client = crate::fixture::connect(&server, "client").await;
    let foreign = async_nats::connect(server.url()).await.unwrap();
    let mut requests = foreign.subscribe("svc.test.echo.v1.echo").await.unwrap();
    let mut everything = foreign.subscribe("$JS.API.>").await.unwrap();
    crate::fixture::settled(&foreign).await;
    for (offered, code) in [
        ("", Code::DataLoss),
        ("9", Code::DataLoss),
        ("9 $JS.API.STREAM.DELETE.STATE", Code::DataLoss),
        ("-1 _INBOX.a.b.c", Code::DataLoss),
        ("9999999999 _INBOX.a.b.c", Code::DataLoss),
        // Nobody is there.
        ("9 _INBOX.a.b.c", Code::Unavailable),
    ] {
        let answering = async {
            let reply = requests.next().await.unwrap().reply.unwrap();
            let headers = super::map(vec![("Bb-Pieces", offered.to_owned())]);
            foreign.publish_with_headers(reply, headers, "".into()).await.unwrap();
        };
        let (answer, ()) = tokio::join!(call_of(&client, ECHO, Text::default()), answering);
        assert_eq!(answer.unwrap_err().code(), code, "{offered}");
    }
    crate::fixture::settled(&foreign).await;
    let nothing = tokio::time::timeout(Duration::from_millis(1), everything.next()).await;
    assert!(nothing.is_err());
}
