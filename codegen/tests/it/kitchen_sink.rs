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
    assert_eq!(packages, ["common::v1", "keeper::v1", "r#type::v1", "zoo::v1"]);
}
