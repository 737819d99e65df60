use std::collections::BTreeMap;

use super::*;

#[test]
fn every_rule_explains_itself() {
    for rule in RULES {
        let page = rule.page();
        assert!(page.contains("# Why") && page.contains("# Fix"), "{} lacks its page", rule.id);
        assert!(!rule.fix().is_empty(), "{} doesn't say what to do", rule.id);
    }
}

#[test]
fn the_table_is_sorted_and_names_every_file() {
    let ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
    assert!(ids.is_sorted(), "sort the table by name");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/check/lint/rule");
    let files = std::fs::read_dir(folder).expect("the folder of rules");
    let rules = files.filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        let name = name.to_string_lossy().trim_end_matches(".rs").to_uppercase();
        ids.contains(&name.as_str())
    });
    assert_eq!(rules.count(), ids.len(), "a rule's file has another name than the rule");
}

fn found(text: &str, config: &str) -> Vec<String> {
    let files = BTreeMap::from([("acme/zoo/v1/zoo.proto".to_owned(), text.to_owned())]);
    let image = Image::of_texts(files).expect("schemas that compile");
    let config = Config::parse(config, "").expect("a configuration");
    let violations = lint(&image, &config).expect("rules that exist");
    violations.iter().map(|it| format!("{}:{}", it.place().start_line, it.rule)).collect()
}

const TEXT: &str = "syntax = \"proto3\";\npackage acme.zoo.v1;\n\
    // buf:lint:ignore FIELD_LOWER_SNAKE_CASE because\nmessage Lion {\n  \
    int32 Paws = 1;\n}\nmessage tiger {\n  int32 Paws = 1;\n}\n";

#[test]
fn a_comment_spares_the_rule_that_it_names_in_all_that_is_inside() {
    let plain = "version: v2\n";
    assert_eq!(found(TEXT, plain), ["7:MESSAGE_PASCAL_CASE", "8:FIELD_LOWER_SNAKE_CASE"]);
    let strict = "version: v2\nlint: {disallow_comment_ignores: true}\n";
    assert_eq!(found(TEXT, strict).len(), 3);
}

#[test]
fn files_and_rules_are_left_out_as_the_configuration_says() {
    let ignore = "version: v2\nlint: {ignore: [acme/zoo]}\n";
    assert!(found(TEXT, ignore).is_empty());
    let only = "version: v2\nlint: {ignore_only: {MESSAGE_PASCAL_CASE: [acme]}}\n";
    assert_eq!(found(TEXT, only), ["8:FIELD_LOWER_SNAKE_CASE"]);
}
