//! The page of promises and the tests that keep them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every file of tests below a folder.
fn tests(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_promise_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    tests(&root.join("runtime/tests/it"), &mut files);
    for service in ["state-manager", "time-manager", "fleet"] {
        tests(&root.join("services").join(service).join("tests/it"), &mut files);
    }
    let mut known = BTreeSet::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        let functions = text.split("async fn ").skip(1);
        known.extend(functions.map(|rest| {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            format!("{name}: {}", &rest[..end])
        }));
    }
    let page = fs::read_to_string(root.join("docs/guarantees.md")).unwrap();
    let rows: Vec<_> =
        page.lines().filter(|line| line.starts_with("| ") && !line.contains("kept by")).collect();
    assert!(rows.len() > 20, "the page has its tables");
    for row in rows {
        let kept_by = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap();
        let named: Vec<_> = kept_by.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "a promise without a test: {row}");
        for test in named {
            assert!(known.contains(test), "there is no test `{test}`");
        }
    }
}
