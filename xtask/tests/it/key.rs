//! `key`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{fail, succeed, xtask};

#[test]
fn keys_are_made_for_a_file_that_only_its_owner_may_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("keys");
    let path = file.to_str().expect("a path");
    let line = succeed(xtask(&["key", "new", "--id", "2026-08"]));
    assert!(line.starts_with("2026-08 ") && line.trim_end().len() == 8 + 44, "{line}");

    succeed(xtask(&["key", "new", "--id", "2026-08", "--file", path]));
    let said = succeed(xtask(&["key", "new", "--id", "2026-11", "--file", path]));
    assert!(said.is_empty(), "a key is not shown that goes to a file: {said}");
    let text = fs::read_to_string(&file).expect("a file");
    let ids: Vec<_> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(ids, ["2026-08", "2026-11"]);
    let mode = fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");

    let twice = fail(xtask(&["key", "new", "--id", "2026-11", "--file", path]));
    assert!(twice.contains("has a key `2026-11`"), "{twice}");

    // A file may be there before its first key is.
    fs::write(&file, "# none yet").expect("a file");
    succeed(xtask(&["key", "new", "--id", "first", "--file", path]));
    for number in 1..64 {
        let line = succeed(xtask(&["key", "new", "--id", &format!("k{number}")]));
        let text = fs::read_to_string(&file).expect("a file");
        fs::write(&file, text + &line).expect("a file");
    }
    let full = fs::read_to_string(&file).expect("a file");
    let many = fail(xtask(&["key", "new", "--id", "last", "--file", path]));
    assert!(many.contains("65 keys"), "{many}");
    assert_eq!(fs::read_to_string(&file).expect("a file"), full);

    let bad = fail(xtask(&["key", "new", "--id", "a b"]));
    assert!(bad.contains("`a b` is no id"), "{bad}");
}
