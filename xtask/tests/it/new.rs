//! `new`, in a copy of the workspace.

use std::path::Path;
use std::process::Command;

use crate::support::{fail, root, succeed, xtask};

/// Copies what git knows and what isn't ignored.
fn copy(to: &Path) {
    let mut list = Command::new("git");
    list.args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(root());
    for file in succeed(list).lines() {
        let (from, to) = (root().join(file), to.join(file));
        if from.is_file() {
            std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            std::fs::copy(from, to).expect("a copy");
        }
    }
}

fn new(copy: &Path, service: &str) -> Command {
    let mut command = xtask(&["new", service]);
    command.env("CARGO_MANIFEST_DIR", copy.join("xtask")).current_dir(copy);
    command
}

#[test]
fn a_bad_name_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(folder.path());
    let before = tree(folder.path());
    for (name, why) in [
        ("Market", "lower-case"),
        ("state-manager", "is there already"),
        ("tokio", "is called `tokio` already"),
        ("fleet", "means something else"),
        ("fuzz", "means something else"),
    ] {
        let words = fail(new(folder.path(), name));
        assert!(words.contains(why), "{name}: {words}");
    }
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn nothing_is_written_while_a_schema_has_a_mistake() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(folder.path());
    let schema = folder.path().join("proto/bodybroker/weather_manager/v1/weather_manager.proto");
    let text = std::fs::read_to_string(&schema).expect("a schema");
    std::fs::write(&schema, text + "message Half {").expect("a schema");
    let before = tree(folder.path());
    let words = fail(new(folder.path(), "market-stall"));
    assert!(words.contains("nothing was written"), "{words}");
    assert_eq!(tree(folder.path()), before);
}

#[test]
#[ignore = "builds a service from nothing; runs with `cargo xtask test --full`"]
fn a_new_service_compiles_lints_and_passes_its_test() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(folder.path());
    succeed(new(folder.path(), "market-stall"));
    let cargo = |words: &[&str]| {
        let mut cargo = Command::new("cargo");
        cargo.args(words).current_dir(folder.path()).env_remove("CARGO_MANIFEST_DIR");
        cargo.env("CARGO_TARGET_DIR", target());
        succeed(cargo);
    };
    cargo(&["clippy", "-p", "market-stall", "--no-deps", "--all-targets", "--", "-D", "warnings"]);
    cargo(&["build", "-p", "fleet"]);
    cargo(&["test", "-p", "market-stall"]);
    cargo(&["fmt", "-p", "market-stall", "-p", "fleet", "--check"]);
}

/// The target folder in use, so that dependencies aren't built again.
fn target() -> std::path::PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_xtask"));
    binary.ancestors().nth(2).expect("target/debug/xtask").to_owned()
}

fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut list = Command::new("find");
    list.args([".", "-type", "f"]).current_dir(folder);
    let mut files: Vec<_> = succeed(list).lines().map(str::to_owned).collect();
    files.sort();
    files
        .into_iter()
        .map(|file| (file.clone(), std::fs::read(folder.join(&file)).expect("a file")))
        .collect()
}
