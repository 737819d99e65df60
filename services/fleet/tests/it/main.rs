//! Processes of the fleet are killed, and nothing is lost.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Child, Command, Stdio};

use bodybroker_runtime::connection::Options;
use bodybroker_runtime::durable::{Start, StreamConfig};
use bodybroker_runtime::prelude::*;
use bodybroker_runtime::testing::NatsServer;
use bodybroker_state_manager::v1::update_state_request::Change as Asked;
use bodybroker_state_manager::v1::{
    EntityUpdated, GetStateRequest, StateClient, UpdateStateRequest,
};
use bodybroker_time_manager::v1::{SetScaleRequest, TimeClient, TimeTick};
use bodybroker_weather_manager::v1::WeatherChanged;

/// A process of the fleet, killed with SIGKILL when it is dropped.
struct Process(Child);

impl Process {
    fn start(url: &str) -> Self {
        let mut command = fleet(url);
        command.args(["state-manager", "time-manager", "weather-manager"]);
        command.env("TIME_TICK_MS", "50").env("TIME_LEASE_MS", "900");
        Self(command.spawn().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn fleet(url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
    command.env("BB_NATS_URL", url).env("BB_LOG", "warn").env("BB_WEAK_STORAGE", "true");
    command.stdout(Stdio::null());
    command
}

/// A server with streams and buckets, and a connection to it.
async fn system() -> (NatsServer, Connection) {
    let server = NatsServer::start().await.unwrap();
    assert!(fleet(&server.url()).arg("provision").status().unwrap().success());
    let connection = Connection::connect(Options::new(server.url(), "test")).await.unwrap();
    (server, connection)
}

/// Writes the next version as a caller does who can't know whether an earlier attempt landed.
async fn write(state: &StateClient, version: u64) {
    let request = UpdateStateRequest {
        entity_id: "hero".into(),
        expected_version: Some(version - 1),
        change: Some(Asked::MergePatch(prost_types::Struct::default())),
    };
    loop {
        let call = state.update_state(request.clone()).idempotency_key(format!("write-{version}"));
        match call.await {
            Ok(updated) => return assert_eq!(updated.entity.unwrap().version, version),
            Err(error) => assert!(
                matches!(error.status().code(), Code::Unavailable | Code::DeadlineExceeded),
                "a kept promise or a reason to repeat: {error}"
            ),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_are_killed_and_no_update_tick_or_weather_is_lost() {
    let (server, connection) = system().await;
    let url = server.url();
    let mut processes = [Process::start(&url), Process::start(&url)];
    let state = StateClient::new(&connection);
    let mut updates = connection.subscribe_events::<EntityUpdated>(Start::All).await.unwrap();
    let mut ticks = connection.subscribe_events::<TimeTick>(Start::All).await.unwrap();
    let mut weather = connection.subscribe_events::<WeatherChanged>(Start::All).await.unwrap();

    let mut version = 0;
    for round in 0..4 {
        for _ in 0..15 {
            version += 1;
            write(&state, version).await;
        }
        // The one that leads is killed sooner or later, whichever it is.
        processes[round % 2] = Process::start(&url);
    }
    for expected in 1..=version {
        let event = updates.next().await.unwrap().unwrap().event;
        assert_eq!(
            event.version, expected,
            "each accepted update has its event, once and in order"
        );
    }

    let time = TimeClient::new(&connection);
    let scale = SetScaleRequest { world_id: "overworld".into(), scale: 86_400.0 };
    while time.set_scale(scale.clone()).await.is_err() {}
    let mut changes = 0;
    let (mut tick, mut last_change) = (0, None);
    while changes < 6 {
        tokio::select! {
            event = ticks.next() => {
                let event = event.unwrap().unwrap().event;
                assert_eq!(event.tick, tick + 1, "ticks have no hole, whoever leads");
                tick = event.tick;
                if tick % 40 == 0 {
                    processes[usize::from(tick % 80 == 0)] = Process::start(&url);
                }
            }
            event = weather.next() => {
                let event = event.unwrap().unwrap().event;
                if event.region_id != "vale" {
                    continue;
                }
                let condition = event.weather.unwrap().condition;
                if let Some(last) = last_change {
                    assert_eq!(event.previous, Some(last), "no change of the weather is left out");
                }
                last_change = Some(condition);
                changes += 1;
            }
        }
    }

    drop(processes);
    let _again = Process::start(&url);
    let read = loop {
        if let Ok(read) = state.get_state(GetStateRequest { entity_id: "hero".into() }).await {
            break read;
        }
    };
    assert_eq!(read.entity.unwrap().version, version, "what was accepted outlives every process");
}

#[tokio::test]
async fn what_would_be_taken_away_is_planned_and_refused_until_it_is_wanted() {
    let (server, connection) = system().await;
    let run = |arguments: &[&str]| {
        let mut command = fleet(&server.url());
        let output = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).output();
        let output = output.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    };
    let (fine, said) = run(&["plan"]);
    assert!(fine && said.lines().all(|line| line.ends_with(" keep")), "{said}");

    let events = bodybroker_common::v1::STREAMS.iter().find(|it| !it.max_age.is_zero()).unwrap();
    let config = StreamConfig { replicas: 1, max_age: None, ..StreamConfig::of_stream(events) };
    connection.durable().provision(&config).await.unwrap();
    let harm = "which deletes what is older";
    let (fine, said) = run(&["plan"]);
    assert!(!fine && said.contains(harm) && said.contains(events.name), "{said}");
    let (fine, said) = run(&["provision"]);
    assert!(!fine && said.contains(harm), "{said}");
    let (fine, said) = run(&["plan", "--allow-destruction"]);
    assert!(fine && said.contains(harm), "{said}");
    let (fine, said) = run(&["provision", "--allow-destruction"]);
    assert!(fine && said.contains("updated"), "{said}");
    let (fine, said) = run(&["plan"]);
    assert!(fine && said.lines().all(|line| line.ends_with(" keep")), "{said}");
}

#[test]
fn a_name_that_is_no_service_is_refused_with_those_that_are() {
    let output =
        fleet("nats://127.0.0.1:1").arg("weather").stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        said.contains("there is no service `weather`") && said.contains("weather-manager"),
        "{said}"
    );
}
