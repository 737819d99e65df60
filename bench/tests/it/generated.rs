use std::path::Path;

use bodybroker_codegen::apply::{Mode, apply};
use bodybroker_codegen::emit::{Settings, emit};
use bodybroker_codegen::{Input, load};

/// Set to anything, it has the test write the code instead of comparing it.
const UPDATE: &str = "UPDATE_BENCH";

#[test]
fn the_code_of_the_bench_is_what_our_generator_writes() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let input = Input::new(here.join("proto")).strip_prefix("bodybroker");
    let schema = load(&input).unwrap_or_else(|findings| panic!("{findings}"));
    let mut settings = Settings::modules("crate::generated");
    settings.mock_feature = Some("mock".to_owned());
    let mode = if std::env::var_os(UPDATE).is_some() { Mode::Write } else { Mode::Check };
    let report = apply(&emit(&schema, &settings), &here.join("src/generated"), mode).unwrap();
    let stale: Vec<_> = report.changes.iter().map(|change| &change.path).collect();
    let clean = mode == Mode::Write || report.is_clean();
    assert!(clean, "run this test with {UPDATE}=1 to write bench/src/generated: {stale:?}");
}
