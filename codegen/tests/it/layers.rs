//! What the layers of the generator must not know of each other.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// Files below `src/` that hold a word, but for those that may.
fn holding(word: &str, may: impl Fn(&str) -> bool) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let text = |path: &PathBuf| fs::read_to_string(path).expect("a source");
    let files = files.iter().filter(|path| text(path).contains(word));
    let names = files.map(|path| {
        let name = path.strip_prefix(&root).expect("below the root");
        name.to_string_lossy().replace('\\', "/")
    });
    names.filter(|name| !may(name)).collect()
}

#[test]
fn only_the_schema_knows_the_compiler_of_schemas() {
    let outside = holding("protox::", |name| name.starts_with("schema"));
    assert!(outside.is_empty(), "{outside:?} use protox; go through `schema`");
}

#[test]
fn rules_know_no_descriptors() {
    let inside = holding("prost_reflect", |name| !name.starts_with("check/rule"));
    assert!(inside.is_empty(), "{inside:?} use descriptors; let the survey say what is written");
}

#[test]
fn nothing_but_the_defaults_names_our_packages() {
    let named = holding("\"bodybroker.", |name| name == "input.rs");
    assert!(named.is_empty(), "{named:?} name our packages; take names from `Input`");
}
