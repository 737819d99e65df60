use std::path::{Path, PathBuf};

use bodybroker_codegen::apply::{Change, Mode, apply};
use bodybroker_codegen::emit::{Files, Settings, emit};
use bodybroker_codegen::{Input, Schema, load};

use crate::kitchen_sink;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/src/api");

fn written(schema: &Schema, settings: &Settings) -> Files {
    emit(schema, settings).unwrap_or_else(|findings| panic!("{findings}"))
}

fn modules() -> Files {
    written(&kitchen_sink::schema(), &Settings::modules("crate::api"))
}

fn crates() -> Files {
    written(&kitchen_sink::schema(), &Settings::crates("acme-"))
}

/// The schemas of the bench, whose code is committed beside it: it can't write that itself, because it needs it to compile.
fn bench() -> (Files, PathBuf) {
    let bench = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bench");
    let input = Input::new(bench.join("proto")).strip_prefix("bodybroker");
    let schema = load(&input).unwrap_or_else(|findings| panic!("{findings}"));
    let mut settings = Settings::modules("crate::generated");
    settings.mock_feature = Some("mock".to_owned());
    (written(&schema, &settings), bench.join("src/generated"))
}

/// Run with `UPDATE_GOLDEN=1` to write the files anew, then read the difference.
#[test]
fn code_that_is_committed_is_what_is_generated_now() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mode = if update { Mode::Write } else { Mode::Check };
    for (files, folder) in [(modules(), PathBuf::from(GOLDEN)), bench()] {
        let report = apply(&files, &folder, mode).expect("the committed files can be read");
        let diffs: String = report.changes.iter().map(Change::diff).collect();
        assert!(
            update || report.is_clean(),
            "run again with UPDATE_GOLDEN=1 if this is meant:\n{diffs}"
        );
    }
}

#[test]
fn two_runs_are_the_same_to_the_byte() {
    assert_eq!(modules(), modules());
    assert_eq!(crates(), crates());
}
