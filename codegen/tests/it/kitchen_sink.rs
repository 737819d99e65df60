//! The zoo of hostile names loads, and its model says what it should.

use bodybroker_codegen::{Input, Schema, load};

pub(crate) fn schema() -> Schema {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kitchen_sink/proto");
    let input = Input::new(root).strip_prefix("acme");
    load(&input).unwrap_or_else(|findings| panic!("{}", findings.render(120, false)))
}

#[test]
fn hostile_names_are_accepted() {
    let schema = schema();
    let packages: Vec<_> = schema.model.packages.iter().map(|it| it.modules.join("::")).collect();
    assert_eq!(packages, ["common::v1", "keeper::v1", "taken::v1", "r#type::v1", "zoo::v1"]);
}

#[test]
fn the_model_reads_well() {
    let text = bodybroker_codegen::schema::print(&schema().model);
    insta::with_settings!({
        snapshot_path => "../snapshots", prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!("kitchen_sink_model", text) });
}

#[test]
fn two_runs_make_the_same_model() {
    let (first, second) = (schema(), schema());
    assert_eq!(first.model, second.model);
    assert_eq!(first.encoded(), second.encoded());
}
