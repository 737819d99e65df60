use std::path::Path;

use bodybroker_codegen::apply::{Mode, apply};
use bodybroker_codegen::emit::{Files, Settings, emit};

use crate::kitchen_sink;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/src/api");

fn modules() -> Files {
    emit(&kitchen_sink::schema(), &Settings::modules("crate::api"))
}

fn crates() -> Files {
    emit(&kitchen_sink::schema(), &Settings::crates("acme-"))
}

/// Run with `UPDATE_GOLDEN=1` to write the golden files anew, then read the difference.
#[test]
fn the_golden_crate_is_what_is_generated_now() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mode = if update { Mode::Write } else { Mode::Check };
    let report = apply(&modules(), Path::new(GOLDEN), mode).expect("the golden files can be read");
    let diffs: String =
        report.changes.iter().map(bodybroker_codegen::apply::Change::diff).collect();
    assert!(
        update || report.is_clean(),
        "run again with UPDATE_GOLDEN=1 if this is meant:\n{diffs}"
    );
}

#[test]
fn two_runs_are_the_same_to_the_byte() {
    assert_eq!(modules(), modules());
    assert_eq!(crates(), crates());
}
