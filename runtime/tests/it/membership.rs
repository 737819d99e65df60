//! Instances that aren't well leave their queue groups, and come back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bodybroker_runtime::config::Config;
use bodybroker_runtime::connection::Connection;
use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::host::Host;
use bodybroker_runtime::server::Membership;
use bodybroker_runtime::subject::Subject;
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::transport::{Flush, Message, Outgoing, Sink};
use bodybroker_runtime::{Result, Status};
use futures::future::join_all;
use tokio::sync::{Notify, oneshot};

use crate::fixture::{ECHO, Echo, Text, call_of, connect, connect_by};

mod causes;

/// Time that an instance stays away: it leaves after 300 ms of trouble, and is back after 500 ms without.
const AWAY: Duration = Duration::from_secs(1);
/// Answers in a row that show who is there: of two, one alone gives as many in one of 10^12 cases.
const ANSWERS: usize = 40;
/// Something that should happen doesn't.
const PATIENCE: Duration = Duration::from_secs(30);

/// An instance whose health is what the test says.
struct Instance {
    well: Arc<AtomicBool>,
    stop: Arc<Notify>,
    host: tokio::task::JoinHandle<Result<()>>,
}

impl Instance {
    async fn start(server: &NatsServer, name: &'static str) -> Self {
        Self::start_by(1, server, name).await
    }

    /// Starts with so many pairs of connections.
    async fn start_by(pairs: usize, server: &NatsServer, name: &'static str) -> Self {
        let config = Config { eject: Some(AWAY), connections: pairs, ..Config::at(server.url()) };
        let (well, stop) = (Arc::new(AtomicBool::new(true)), Arc::new(Notify::new()));
        let (told, stopping) = (Arc::clone(&well), Arc::clone(&stop));
        let (tell, ready) = oneshot::channel();
        let host = Host::new(config)
            .service("echo", move |connection: Connection| async move {
                connection.check("its mood", move || {
                    let well = told.load(Ordering::SeqCst);
                    let moody = || Status::unavailable("it is in no mood");
                    async move { well.then_some(()).ok_or_else(moody) }
                });
                Ok(Echo { name, ..Echo::new(&connection) })
            })
            .on_ready(move || tell.send(()).unwrap())
            .run_until(async move { stopping.notified().await });
        let host = tokio::spawn(host);
        ready.await.unwrap();
        Self { well, stop, host }
    }

    fn is_well(&self, well: bool) {
        self.well.store(well, Ordering::SeqCst);
    }

    async fn end(self) {
        self.stop.notify_one();
        self.host.await.unwrap().unwrap();
    }
}

/// Who answers a call.
async fn answered_by(client: &Connection) -> Result<String> {
    Ok(call_of(client, ECHO, Text::default()).await?.text)
}

/// Calls until those who answer so many calls in a row are just these. No call may fail.
async fn until_answered_by(client: &Connection, names: &[&str]) {
    let calling = async {
        loop {
            let mut seen = BTreeMap::<String, usize>::new();
            for _ in 0..ANSWERS {
                *seen.entry(answered_by(client).await.expect("no call fails")).or_default() += 1;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            if seen.keys().map(String::as_str).eq(names.iter().copied()) {
                return;
            }
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, calling).await;
    in_time.unwrap_or_else(|_| panic!("it is never {names:?} who answer"));
}

/// Collects answers.
#[derive(Default)]
struct Answers(Mutex<Vec<serde_json::Value>>);

impl Sink for Answers {
    fn deliver(&self, message: Message) {
        self.0.lock().unwrap().push(serde_json::from_slice(&message.payload).unwrap());
    }
}

/// What the instances say of themselves, once as many have answered.
async fn said(client: &Connection, count: usize) -> Vec<Option<String>> {
    said_by(client, "EchoService", count).await
}

/// The same of another service.
async fn said_by(client: &Connection, service: &str, count: usize) -> Vec<Option<String>> {
    let asking = async {
        loop {
            let answers = Arc::new(Answers::default());
            let inbox = client.mux().stream(Arc::clone(&answers) as Arc<dyn Sink>);
            client
                .tx()
                .publish(&Outgoing {
                    subject: &Subject::parse(&format!("$SRV.PING.{service}")).unwrap(),
                    reply: Some(inbox.subject()),
                    headers: &Headers::new(),
                    body: &[0; 0],
                    expires: None,
                    flush: Flush::Now,
                })
                .unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            let answers = std::mem::take(&mut *answers.0.lock().unwrap());
            if answers.len() == count {
                let of = |answer: &serde_json::Value| {
                    answer["metadata"]["membership"].as_str().map(str::to_owned)
                };
                let mut said: Vec<_> = answers.iter().map(of).collect();
                said.sort();
                return said;
            }
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.expect("all answer")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_well_leaves_and_comes_back_and_no_call_fails() {
    leaves_and_comes_back(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_well_leaves_with_all_its_connections() {
    leaves_and_comes_back(3).await;
}

async fn leaves_and_comes_back(pairs: usize) {
    let server = NatsServer::start().await.unwrap();
    let client = connect_by(pairs, &server.url(), "client").await;
    let [a, b] = ["a", "b"].map(|name| Instance::start_by(pairs, &server, name));
    let (a, b) = (a.await, b.await);
    until_answered_by(&client, &["a", "b"]).await;
    assert_eq!(said(&client, 2).await, [None, None]);
    a.is_well(false);
    until_answered_by(&client, &["b"]).await;
    assert_eq!(said(&client, 2).await, [None, Some("left".to_owned())], "discovery reaches both");
    a.is_well(true);
    until_answered_by(&client, &["a", "b"]).await;
    a.end().await;
    b.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_that_fall_ill_at_once_two_stay() {
    let server = NatsServer::start().await.unwrap();
    let client = connect(&server, "client").await;
    let names = ["a", "b", "c"];
    let instances = join_all(names.map(|name| Instance::start(&server, name))).await;
    for instance in &instances {
        instance.is_well(false);
    }
    let one_left = async {
        while !said(&client, 3).await.contains(&Some("left".to_owned())) {
            assert!(names.contains(&answered_by(&client).await.unwrap().as_str()));
        }
    };
    tokio::time::timeout(PATIENCE, one_left).await.expect("one leaves");
    // The others go on asking to leave: ten times in this time.
    for _ in 0..60 {
        answered_by(&client).await.expect("no call fails");
        let left =
            said(&client, 3).await.iter().filter(|said| **said == Some("left".to_owned())).count();
        assert!(left <= 1, "{left} have left");
    }
    join_all(instances.into_iter().map(Instance::end)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_left_comes_back_when_the_others_are_gone() {
    let server = NatsServer::start().await.unwrap();
    let client = connect(&server, "client").await;
    let (a, b) = (Instance::start(&server, "a").await, Instance::start(&server, "b").await);
    a.is_well(false);
    until_answered_by(&client, &["b"]).await;
    b.end().await;
    let alone = async {
        while answered_by(&client).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, alone).await.expect("the one that is left answers");
    until_answered_by(&client, &["a"]).await;
    a.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_ends_while_the_other_leaves_waits_for_it() {
    // About as one decides by what the other has said.
    join_all([90, 110, 130, 150, 170, 190].map(Duration::from_millis).map(async |pause| {
        let server = NatsServer::start().await.unwrap();
        let client = connect(&server, "client").await;
        let (a, b) = (Instance::start(&server, "a").await, Instance::start(&server, "b").await);
        let over = AtomicBool::new(false);
        let calling = async {
            while !over.load(Ordering::SeqCst) {
                answered_by(&client).await.expect("somebody is always there");
            }
        };
        let ending = async {
            until_answered_by(&client, &["a", "b"]).await;
            a.is_well(false);
            let leaving = async { while said(&client, 2).await == [None, None] {} };
            tokio::time::timeout(PATIENCE, leaving).await.expect("it wants to leave");
            tokio::time::sleep(pause).await;
            b.end().await;
            until_answered_by(&client, &["a"]).await;
            over.store(true, Ordering::SeqCst);
        };
        tokio::join!(calling, ending);
        a.end().await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_and_joins_again_and_again_loses_no_call() {
    const CALLERS: usize = 8;
    const TURNS: usize = 20;
    let server = NatsServer::start().await.unwrap();
    let client = connect(&server, "client").await;
    let mut instances = Vec::new();
    for name in ["a", "b"] {
        let connection = connect(&server, "echo").await;
        let echo = Echo { name, ..Echo::new(&connection) };
        instances.push(connection.serve(echo).await.unwrap());
    }
    let over = AtomicBool::new(false);
    let callers = join_all((0..CALLERS).map(|_| async {
        let mut calls = 0;
        while !over.load(Ordering::SeqCst) {
            answered_by(&client).await.expect("no call fails");
            calls += 1;
        }
        calls
    }));
    let turns = async {
        for turn in 0..TURNS {
            let instance = &instances[turn % 2];
            let alone = &instances[1 - turn % 2];
            instance.leave().await;
            assert_eq!(*instance.membership().borrow(), Membership::Left);
            let handled = |of: &bodybroker_runtime::Server| of.stats()[ECHO].received;
            let (before, after) = (handled(instance), handled(alone));
            while handled(alone) < after + 50 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            assert_eq!(handled(instance), before, "who has left gets nothing");
            instance.join().await.unwrap();
        }
        over.store(true, Ordering::SeqCst);
    };
    let (calls, ()) = tokio::join!(callers, turns);
    assert!(calls.iter().all(|calls| *calls > 0));
    instances[0].leave().await;
    instances[0].drain().await;
    instances[0].join().await.unwrap();
    until_answered_by(&client, &["b"]).await;
}
