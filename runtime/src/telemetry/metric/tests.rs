//! Holds the table against the code that records, and against its documentation.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::*;

/// Reads every call of a macro of `metrics` in a text: name, kind and labels.
fn uses(text: &str) -> Vec<(String, Kind, Vec<String>)> {
    let mut found = Vec::new();
    for (word, kind) in
        [("counter!(", Kind::Counter), ("gauge!(", Kind::Gauge), ("histogram!(", Kind::Times)]
    {
        for (at, _) in text.match_indices(word).filter(|(at, _)| !text[..*at].ends_with('_')) {
            let rest = &text[at + word.len()..];
            let arguments = &rest[..rest.find(')').unwrap_or(rest.len())];
            let mut texts = arguments.split('"').skip(1).step_by(2).map(str::to_owned);
            let Some(name) = texts.next().filter(|name| name.starts_with("bb_")) else { continue };
            let mut parts: Vec<_> = arguments.split("=>").collect();
            // After the last arrow comes a value.
            parts.pop();
            let labels = parts.iter().filter_map(|part| part.split('"').rev().nth(1));
            found.push((name, kind, labels.map(str::to_owned).collect()));
        }
    }
    found
}

/// The texts of a folder, without the table itself and what tests it.
fn sources(folder: &Path, all: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.ends_with("telemetry/metric.rs") || path.ends_with("telemetry/metric") {
            continue;
        }
        if path.is_dir() {
            sources(&path, all);
        } else {
            all.push(std::fs::read_to_string(path).expect("a source"));
        }
    }
}

#[test]
fn a_use_is_read_whatever_its_shape() {
    let text =
        "metrics::gauge!(\"bb_a\").set(1); counter!(\n\"bb_b\",\n\"x\" => y,\n\"z\" => \"w\"\n)";
    let label = |labels: &[&str]| labels.iter().map(|&label| label.to_owned()).collect::<Vec<_>>();
    assert_eq!(
        uses(text),
        [
            ("bb_b".to_owned(), Kind::Counter, label(&["x", "z"])),
            ("bb_a".to_owned(), Kind::Gauge, label(&[])),
        ]
    );
}

#[test]
fn what_is_recorded_is_listed_and_what_is_listed_is_recorded() {
    let mut texts = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
    let mut used = BTreeMap::<String, (Kind, Vec<String>)>::new();
    for (name, kind, labels) in texts.iter().flat_map(|text| uses(text)) {
        let listed = METRICS.iter().find(|metric| metric.name == name);
        let Some(listed) = listed else {
            panic!("{name} is recorded and not listed in src/telemetry/metric.rs");
        };
        assert_eq!((kind, &*labels), (listed.kind, &owned(listed.labels)[..]), "{name}");
        used.insert(name, (kind, labels));
    }
    for metric in METRICS {
        assert!(used.contains_key(metric.name), "{} is listed and not recorded", metric.name);
    }
}

fn owned(labels: &[&str]) -> Vec<String> {
    labels.iter().map(|&label| label.to_owned()).collect()
}

/// The page of all metrics.
fn page() -> String {
    let mut page = String::from(
        "# Metrics\n\n\
         What a process tells under `/metrics`, where `BB_HTTP_ADDR` says. `method` is a method's subject, `code` the\n\
         canonical code of its outcome, `service` who speaks, `role` what a connection is for: `rx` brings requests,\n\
         `critical` those of critical methods, `tx` carries all else. No label takes a value from a request.\n\n\
         Written by `UPDATE_GOLDEN=1 cargo nextest run -p bodybroker-runtime metric` from `runtime/src/telemetry/metric.rs`.\n\n\
         | metric | kind | labels | meaning |\n|---|---|---|---|\n",
    );
    for Metric { name, kind, labels, meaning } in METRICS {
        let labels = labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(page, "| `{name}` | {} | {labels} | {meaning} |", kind.name());
    }
    page
}

#[test]
fn the_documentation_has_every_metric() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, page()).expect("the page can be written");
    }
    let have = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(have == page(), "docs/metrics.md is stale; run this test with UPDATE_GOLDEN=1");
}

#[test]
fn names_are_in_order_and_say_their_kind() {
    assert!(METRICS.is_sorted_by(|a, b| a.name < b.name), "the table is in order");
    for Metric { name, kind, meaning, .. } in METRICS {
        assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
        assert_eq!(name.ends_with("_seconds"), *kind == Kind::Times, "{name}");
        assert!(meaning.ends_with('.'), "{name}");
    }
}
