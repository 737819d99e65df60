//! `breaking`, in a repository of its own.

use std::path::Path;
use std::process::{Command, Output};

use time::{Date, Duration, OffsetDateTime};

use crate::support::{said, succeed, xtask};

const SCHEMA: &str =
    "syntax = \"proto3\";\npackage acme.v1;\nmessage Cage {\n  string name = 1;\n}\n";

/// A change of a schema on a branch, beside what it goes to.
fn repository(old: &str, new: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    git(root, &["init", "-q", "-b", "main"]);
    std::fs::create_dir(root.join("proto")).expect("a folder");
    std::fs::write(root.join("buf.yaml"), "version: v2\nmodules: [{path: proto}]\n")
        .expect("a file");
    for (branch, text) in [("main", old), ("change", new)] {
        std::fs::write(root.join("proto/cage.proto"), text).expect("a file");
        git(root, &["checkout", "-q", "-B", branch]);
        git(root, &["add", "-A"]);
        git(root, &["commit", "-qm", branch]);
    }
    folder
}

fn git(folder: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=x", "-c", "user.email=x@x"]).args(args).current_dir(folder);
    succeed(command);
}

fn breaking(folder: &Path, args: &[&str]) -> Output {
    let mut command = xtask(&[&["breaking", "--input", "proto"], args].concat());
    command.current_dir(folder);
    for name in ["GITHUB_BASE_REF", "GITHUB_EVENT_NAME"] {
        command.env_remove(name);
    }
    command.output().expect("the command starts")
}

#[test]
fn a_change_is_compared_with_where_it_left_and_points_at_its_lines() {
    let folder = repository(SCHEMA, &SCHEMA.replace("string", "bytes"));
    let output = breaking(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(100), "{}", said(&output));
    let words = said(&output);
    assert!(words.contains("the merge base with main"), "{words}");
    assert!(words.contains("\n    element: acme.v1.Cage.name\n"), "{words}");
    let output = breaking(folder.path(), &["--error-format", "github-actions"]);
    let line = "::error file=proto/cage.proto,line=4,col=3,endLine=4,endColumn=8::";
    assert!(output.stdout.starts_with(line.as_bytes()), "{}", said(&output));
}

#[test]
fn what_was_agreed_on_passes_and_is_named() {
    let folder = repository(SCHEMA, &SCHEMA.replace("string", "bytes"));
    let agree = |element: &str, until: Date| {
        let text = format!(
            "allow:\n  - {{rule: FIELD_SAME_TYPE, element: {element}, reason: new, until: {until}}}\n"
        );
        std::fs::write(folder.path().join("breaking.yaml"), text).expect("a file");
        let output = breaking(folder.path(), &[]);
        (output.status.code(), said(&output))
    };
    let today = OffsetDateTime::now_utc().date();
    let (code, words) = agree("acme.v1.Cage.name", today.saturating_add(Duration::days(30)));
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains("\nbreaking.yaml:2: allowed until "), "{words}");
    let (code, words) = agree("acme.v1.Cage.name", today.saturating_sub(Duration::days(1)));
    assert_eq!(code, Some(100), "{words}");
    assert!(words.contains("\nbreaking.yaml:2: expired on "), "{words}");
    let (code, words) = agree("acme.v1.*", today);
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("`acme.v1.*` is no name"), "{words}");
}

#[test]
fn a_baseline_that_does_not_compile_says_that_it_is_the_baseline() {
    let folder = repository(&SCHEMA.replace("string", "strin"), SCHEMA);
    let output = breaking(folder.path(), &["--against", "main"]);
    assert_eq!(output.status.code(), Some(100), "{}", said(&output));
    let words = said(&output);
    assert!(words.contains("main:proto/cage.proto:4:3:"), "{words}");
    assert!(words.contains("    4 |   strin name = 1;\n"), "{words}");
    assert!(words.contains("in the baseline main:proto; it does not compile"), "{words}");
    // buf names no ref.
    let output = breaking(folder.path(), &["--against", "main", "--error-format", "json"]);
    assert!(output.stdout.starts_with(b"{\"path\":\"proto/cage.proto\""), "{}", said(&output));
}

#[test]
fn without_a_state_to_compare_with_nothing_is_claimed() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("proto")).expect("a folder");
    std::fs::write(folder.path().join("proto/cage.proto"), SCHEMA).expect("a file");
    let output = breaking(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("proto is in no git repository"), "{}", said(&output));
}
