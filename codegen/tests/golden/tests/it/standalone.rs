//! The example outside of the workspace, for real: its own schema, its own names, a server, a run.

use std::path::Path;
use std::process::Command;

use bodybroker_runtime::testing::NatsServer;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");

#[tokio::test]
async fn another_workspace_generates_serves_and_calls() {
    let example = Path::new(ROOT).join("examples/standalone");
    // The versions that this workspace has locked, so that both share what they compile and nothing is fetched twice.
    std::fs::copy(Path::new(ROOT).join("Cargo.lock"), example.join("Cargo.lock")).expect("the lock file is copied");
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| Path::new(ROOT).join("target").into());
    let server = NatsServer::start().await.expect("a server starts: `cargo xtask tools` installs it");
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--", &server.url()])
        .current_dir(example)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .expect("cargo runs");
    let (shown, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{errors}");
    assert_eq!(shown, "3\n2\n1\nHello, Ada.\nGuten Tag, Ada.\nNOT_FOUND: no greeting in tlh\n", "{errors}");
}
