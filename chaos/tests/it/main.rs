//! Every fault, once and not for long. `cargo xtask chaos` inflicts them for as long as they deserve.

use std::path::PathBuf;

use chaos::fault::{FAULTS, Fault};
use chaos::plan::Plan;

macro_rules! kept {
    ($($(#[$attribute:meta])* $test:ident: $fault:literal,)*) => {
        $(#[test]
        $(#[$attribute])*
        fn $test() {
            inflict($fault);
        })*

        /// What a test above is about.
        const TESTED: &[&str] = &[$($fault),*];
    };
}

kept! {
    a_leader_dies: "leader-kill",
    a_follower_dies: "follower-kill",
    #[ignore = "takes a minute"]
    a_leader_is_suspended: "leader-pause",
    a_leader_is_alone: "partition-minority",
    a_follower_is_alone: "partition-majority",
    a_leader_is_not_heard: "partition-one-way",
    a_leader_that_is_alone_is_asked: "partition-reads",
    a_server_sends_its_clients_away: "lame-duck",
    a_server_sends_callers_away: "lame-duck-calls",
    events_are_published_again: "dedupe",
    an_idle_consumer_loses_its_leader: "consumer-stall",
    an_event_can_not_be_handled: "poison",
    a_bucket_is_full: "disk-limit",
    a_worker_dies_amid_its_calls: "worker-kill",
    workers_die_amid_their_events: "worker-kill-events",
    a_link_swallows_everything: "half-open",
    a_server_is_lost_by_all_its_clients: "reconnect-storm",
    calls_come_faster_than_they_are_handled: "slow-consumer",
    nobody_waits_for_what_is_asked: "soak",
    calls_wait_in_a_buffer: "stale-buffer",
    redis_dies: "redis-kill",
    redis_swallows_everything: "redis-black-hole",
    calls_with_the_time_out_of_their_schema_wait_in_a_buffer: "stale-buffer-schema",
    clocks_are_wrong: "clock-skew",
    instances_fall_ill: "ejection",
}

#[test]
fn every_fault_is_tested() {
    let names = FAULTS.iter().map(|fault| fault.name);
    let forgotten: Vec<_> = names.filter(|name| !TESTED.contains(name)).collect();
    assert!(forgotten.is_empty(), "no test inflicts {forgotten:?}");
}

fn inflict(name: &str) {
    let fault: &Fault = FAULTS.iter().find(|fault| fault.name == name).expect("it is in the table");
    let seed = 1;
    let plan = Plan::brief(seed, PathBuf::from(env!("CARGO_BIN_EXE_chaos")));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime.expect("a runtime").block_on(fault.inflict(&plan));
    assert!(outcome.is_kept(), "seed {seed}: {outcome:#?}");
}
