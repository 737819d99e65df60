//! `up`, and what speaks to the system it runs: `ls`, `call`, `sub`.

use rustix::process::Signal;

use crate::support::{Running, fail, said, signal_process, succeed, xtask};

/// A system with one service; its ready file.
fn up(folder: &tempfile::TempDir, services: &str) -> (Running, String) {
    let file = folder.path().join("ready");
    let mut command = xtask(&["up", "--services", services, "--ready-file"]);
    command.arg(&file);
    let mut running = Running::start(command);
    let ready = running.wait_for(&file);
    (running, ready)
}

#[test]
fn a_system_is_listed_called_and_watched_and_drains_when_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let (running, ready) = up(&folder, "state-manager");
    let url = ready.lines().next().expect("the first line is the URL");
    assert!(url.starts_with("nats://127.0.0.1:"), "{ready}");

    let listed = succeed(xtask(&["ls", "--url", url]));
    assert!(listed.contains("StateService"), "{listed}");
    let endpoints = succeed(xtask(&["ls", "--endpoints", "--url", url]));
    assert!(endpoints.contains("svc.state.manager.v1.get"), "{endpoints}");

    let top = succeed(xtask(&["top", "--once", "--interval", "0.1", "--url", url]));
    assert!(top.contains("CALLS/S") && top.contains("GetState"), "{top}");

    let update = r#"{"entityId": "hero", "expectedVersion": 0, "replacement": {"gold": 7}}"#;
    let updated = succeed(xtask(&["call", "StateService.UpdateState", update, "--url", url]));
    assert!(updated.contains(r#""version": "1""#), "{updated}");
    let stale = fail(xtask(&["call", "StateService.UpdateState", update, "--url", url]));
    assert!(stale.contains("ABORTED") && stale.contains(r#""currentVersion":"1""#), "{stale}");

    let event =
        succeed(xtask(&["sub", "EntityUpdated", "--replay", "5m", "--count", "1", "--url", url]));
    assert!(event.contains(r#""entityId":"hero""#), "{event}");

    let output = running.stop();
    assert!(output.status.success(), "{}", said(&output));
    assert!(!folder.path().join("ready").exists(), "nothing is ready any more");
}

#[test]
fn a_service_that_dies_ends_the_rest_and_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let (running, ready) = up(&folder, "state-manager");
    let member = ready.lines().nth(1).expect("a line for the instance");
    let id = member.rsplit(' ').next().and_then(|id| id.parse().ok()).expect("a process id");
    signal_process(id, Signal::KILL);
    let output = running.end();
    assert!(!output.status.success());
    assert!(said(&output).contains("state-manager-1 ended"), "{}", said(&output));
}

#[test]
fn a_service_that_is_not_there_is_refused_with_those_that_are() {
    let words = fail(xtask(&["up", "--services", "state-manger"]));
    assert!(
        words.contains("no service `state-manger`") && words.contains("state-manager"),
        "{words}"
    );
}

#[test]
fn a_method_that_is_not_there_is_refused_with_those_that_are() {
    let url = "nats://127.0.0.1:9";
    let words = fail(xtask(&["sub", "EntityUpdate", "--url", url]));
    assert!(words.contains("EntityUpdated"), "{words}");
    let words = fail(xtask(&["ls", "--url", url]));
    assert!(words.contains("no NATS server answers"), "{words}");
}
