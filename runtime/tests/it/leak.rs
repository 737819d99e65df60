//! Calls that time out leave nothing behind.

use std::time::Duration;

use bodybroker_runtime::testing::NatsServer;

use crate::fixture::{ECHO, HANG, Text, call_of, echo};

/// Calls of the test that always runs, and of the one for a release.
const CALLS: usize = 20_000;
const CALLS_FULL: usize = 1_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timed_out_calls_leave_no_memory_behind() {
    soak(CALLS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; run it with --run-ignored all before a release"]
async fn a_million_calls_leave_no_memory_behind() {
    soak(CALLS_FULL).await;
}

/// Makes this many calls, a tenth of which time out.
async fn soak(calls: usize) {
    const CALLERS: usize = 50;
    let server = NatsServer::start().await.unwrap();
    let (client, echo, instance) = echo(&server).await;
    let round = async |calls: usize| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move {
                    for call in 0..calls / CALLERS {
                        if call % 10 == 0 {
                            let hang = call_of(&client, HANG, Text::default());
                            hang.timeout(Duration::from_millis(5)).await.unwrap_err();
                        } else {
                            call_of(&client, ECHO, Text::new("x")).await.unwrap();
                        }
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.await.unwrap();
        }
    };
    round(calls / 10).await;
    let before = resident_kib();
    round(calls).await;
    let after = resident_kib();
    instance.drain().await;
    assert_eq!((instance.in_flight(), client.mux().in_flight()), (0, 0));
    assert!(client.mux().slots() <= CALLERS * 2, "{:?}", client.mux());
    assert!(after < before + 16 * 1024, "resident memory grew from {before} to {after} KiB");
    drop(echo);
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
