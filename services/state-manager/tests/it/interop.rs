//! Software that isn't ours finds the service, calls it, and understands its failures.

use std::path::Path;
use std::process::Command;

use super::{provisioned, serve};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_009_nats_py_and_googles_protobuf_find_and_call_the_service() {
    let env = provisioned().await;
    let _client = serve(&env).await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join(".tools/venv/bin/python");
    assert!(python.exists(), "there is no {}; run `cargo xtask tools`", python.display());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop.py");
    let mut command = Command::new(python);
    command.arg(script).arg(env.url()).arg(root.join("generated/descriptors.binpb"));
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let (said, failed) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{failed}");
    assert_eq!(said.lines().filter(|line| line.starts_with("so: ")).count(), 16, "{said}");
    env.drain().await;
}
