//! The fuzzer, as people run it.

use std::process::{Command, Output};

fn fuzz(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fuzz")).args(args).output().expect("the fuzzer starts")
}

#[test]
fn a_few_seconds_find_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let keep = folder.path().to_string_lossy();
    let output = fuzz(&["--minutes", "0.1", "--keep", &keep]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_input_is_tried_again_as_it_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    for side in ["old", "new"] {
        std::fs::write(folder.path().join(side), b"no descriptor set").expect("a file");
    }
    let path = folder.path().to_string_lossy();
    assert!(fuzz(&["replay", &path]).status.success());
    assert!(!fuzz(&["replay", "nowhere"]).status.success());
}
