//! Whatever a file holds, reading it ends in a schema or in findings that can be drawn: never in a panic.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bodybroker_codegen::{Input, load_text};
use proptest::prelude::*;
use proptest::sample::Index;

/// The files of the kitchen sink.
fn originals() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kitchen_sink/proto");
    collect(&root, &root, &mut files);
    files
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("below the root");
            let text = fs::read_to_string(&path).expect("a schema");
            files.insert(name.to_string_lossy().replace('\\', "/"), text);
        }
    }
}

/// One change to a text.
#[derive(Debug, Clone)]
enum Change {
    /// Deletes some characters.
    Delete(Index, usize),
    /// Replaces one character.
    Replace(Index, char),
    /// Inserts something that schemas are made of.
    Insert(Index, &'static str),
    /// Cuts the text off.
    Cut(Index),
    /// Repeats a piece somewhere else.
    Copy(Index, Index, usize),
}

const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "'",
    ";",
    ":",
    ",",
    ".",
    "=",
    "/*",
    "*/",
    "//",
    "#",
    "\\",
    "\n",
    "\0",
    "é",
    "🦁",
    "*",
    ">",
    "$",
    "-",
    "0",
    "1e999",
    "18446744073709551615",
    "-9223372036854775808",
    "option (bodybroker.options.v1.method) = { timeout: \"1s\" };",
    "subject: \"{a}.{b}\"",
    "streams: {}",
    "buckets: { name: \"x\" value: \"y\" }",
    "consumes: \"acme.zoo.v1.Animal\"",
    "repeated ",
    "map<string, ",
    "oneof x { ",
    "message ",
    "enum ",
    "rpc ",
    "stream ",
    "import ",
    "extend ",
    "group ",
    "reserved ",
];

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<Index>(), 1..40_usize).prop_map(|(at, count)| Change::Delete(at, count)),
        (any::<Index>(), any::<char>()).prop_map(|(at, with)| Change::Replace(at, with)),
        (any::<Index>(), prop::sample::select(PIECES))
            .prop_map(|(at, piece)| Change::Insert(at, piece)),
        any::<Index>().prop_map(Change::Cut),
        (any::<Index>(), any::<Index>(), 1..200_usize)
            .prop_map(|(from, to, count)| Change::Copy(from, to, count)),
    ]
}

fn apply(text: &str, change: &Change) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if letters.is_empty() {
        return String::new();
    }
    let size = letters.len();
    let end = |start: usize, count: usize| (start + count).min(size);
    match change {
        Change::Delete(at, count) => {
            let at = at.index(size);
            letters.drain(at..end(at, *count));
        }
        Change::Replace(at, with) => letters[at.index(size)] = *with,
        Change::Insert(at, piece) => {
            let at = at.index(size);
            letters.splice(at..at, piece.chars());
        }
        Change::Cut(at) => letters.truncate(at.index(size)),
        Change::Copy(from, to, count) => {
            let from = from.index(size);
            let piece: Vec<char> = letters[from..end(from, *count)].to_vec();
            let to = to.index(size);
            letters.splice(to..to, piece);
        }
    }
    letters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_change_to_a_schema_makes_the_loader_panic(
        file in any::<Index>(),
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let mut files = originals();
        let names: Vec<_> = files.keys().cloned().collect();
        let name = &names[file.index(names.len())];
        let changed = changes.iter().fold(files[name].clone(), |text, change| apply(&text, change));
        files.insert(name.clone(), changed);
        if let Err(findings) = load_text(&Input::new("").strip_prefix("acme"), files) {
            prop_assert!(!findings.is_empty());
            prop_assert!(!findings.render(100, false).is_empty());
            prop_assert!(!findings.to_string().is_empty());
        }
    }
}
