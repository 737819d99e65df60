//! The pages of documentation that have to agree with the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every file below a folder whose name ends so.
fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
}

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn every_promise_names_tests_that_exist() {
    let root = root();
    let mut tests = Vec::new();
    files(&root.join("runtime/tests/it"), "rs", &mut tests);
    // State machines have their tests beside them.
    files(&root.join("runtime/src"), "rs", &mut tests);
    for service in ["state-manager", "time-manager", "fleet"] {
        files(&root.join("services").join(service).join("tests/it"), "rs", &mut tests);
    }
    let mut known = BTreeSet::new();
    for file in tests {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        let functions = text.split("fn ").skip(1);
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

/// Names that begin with `BB_` behind a mark, in every file of a folder.
fn variables(folder: &str, extension: &str, mark: char) -> BTreeSet<String> {
    let mut found = Vec::new();
    files(&root().join(folder), extension, &mut found);
    let texts: Vec<_> = found.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let named = texts.iter().flat_map(|text| text.split(mark)).filter_map(|rest| {
        let end = rest.find(|c: char| !(c.is_ascii_uppercase() || c == '_')).unwrap_or(rest.len());
        rest.starts_with("BB_").then(|| rest[..end].to_owned())
    });
    named.collect()
}

#[test]
fn every_variable_is_on_a_page_and_none_that_is_not_read() {
    let read = variables("runtime/src", "rs", '"');
    let said = variables("docs", "md", '`');
    assert!(read.len() > 20, "{read:?}");
    assert_eq!(read, said);
}
