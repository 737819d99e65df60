//! Names that a schema may give and Rust may not: whatever is not refused is written.

use std::collections::{BTreeMap, BTreeSet};

use bodybroker_codegen::emit::{Settings, emit};
use bodybroker_codegen::{Input, load_text};

/// Names that are no Rust, are none after case conversion, or are in the way of what is generated.
const NAMES: &[&str] = &[
    "_",
    "__",
    "_1_",
    "_2fa",
    "é",
    "A",
    "A_1",
    "Answer",
    "Self",
    "crate",
    "type",
    "mod",
    "_Service",
    "SelfService",
    "Events",
    "Messages",
    "Streams",
    "Option",
];

const EVENT: &str = r#"message $ {
    option (bodybroker.options.v1.event) = { subject: "evt.zoo.a.v1" stream: "ZOO" };
}"#;

const SERVICE: &str = r#"service $ {
    option (bodybroker.options.v1.service) = { subject: "svc.a.v1" queue_group: "q" };
    rpc Feed(No) returns (No);
}"#;

/// A place for the name `$`, and what it needs around it.
const PLACES: &[(&str, &str)] = &[
    ("message", "message $ { oneof one { string two = 1; } }"),
    ("nested message", "message Outer { message $ { enum Kind { KIND_NO = 0; } } $ inner = 1; }"),
    ("field", "message Outer { string $ = 1; }"),
    (
        "secret field",
        "message Outer { string $ = 1 [(bodybroker.options.v1.field).sensitive = true]; }",
    ),
    (
        "message with a secret that is carried",
        r#"message $ { string one = 1 [(bodybroker.options.v1.field).sensitive = true]; }
        service Feeding {
            option (bodybroker.options.v1.service) = { subject: "svc.a.v1" queue_group: "q" };
            rpc Feed($) returns (No);
        }"#,
    ),
    ("map", "message Outer { map<string, string> $ = 1; }"),
    ("oneof", "message Outer { oneof $ { string one = 1; } }"),
    ("member of a oneof", "message Outer { oneof one { string $ = 1; } }"),
    ("enum", "enum $ { KIND_NO = 0; }"),
    ("nested enum", "message Outer { enum $ { KIND_NO = 0; } $ inner = 1; }"),
    ("value", "message Outer { optional Kind kind = 1; } enum Kind { $ = 0; }"),
    ("value after its enum's name", "enum Kind { KIND_$ = 0; }"),
    ("event", EVENT),
    (
        "field in a subject",
        r#"message Outer {
            option (bodybroker.options.v1.event) = { subject: "evt.zoo.a.v1.{$}" stream: "ZOO" };
            string $ = 1;
        }"#,
    ),
    ("service", SERVICE),
    (
        "service with an event and a stream",
        r#"service $ {
            option (bodybroker.options.v1.service) = {
                subject: "svc.a.v1" queue_group: "q" consumes: "Opened"
            };
        }
        message Opened {
            option (bodybroker.options.v1.event) = { subject: "evt.zoo.a.v1" stream: "ZOO" };
        }"#,
    ),
    (
        "method",
        r#"service A {
            option (bodybroker.options.v1.service) = { subject: "svc.a.v1" queue_group: "q" };
            rpc $(No) returns (No) {
                option (bodybroker.options.v1.method) = { errors: "CageOpen" };
            }
        }"#,
    ),
    (
        "consumed event",
        r#"message $ {
            option (bodybroker.options.v1.event) = { subject: "evt.zoo.a.v1" stream: "ZOO" };
        }
        service A {
            option (bodybroker.options.v1.service) = {
                subject: "svc.a.v1" queue_group: "q" consumes: "$"
            };
        }"#,
    ),
    (
        "error",
        r#"service A {
            option (bodybroker.options.v1.service) = { subject: "svc.a.v1" queue_group: "q" };
            rpc Feed(No) returns (No) { option (bodybroker.options.v1.method) = { errors: "$" }; }
        }"#,
    ),
    (
        "bucket",
        r#"service A {
            option (bodybroker.options.v1.service) = {
                subject: "svc.a.v1" queue_group: "q" buckets: { name: "$" value: "No" }
            };
        }"#,
    ),
];

fn schema(package: &str, body: &str) -> BTreeMap<String, String> {
    let streams = body.contains("ZOO").then_some(
        "option (bodybroker.options.v1.file) = { streams: { name: \"ZOO\" subjects: \"evt.zoo.>\" max_age: \"5m\" } };",
    );
    let streams = streams.unwrap_or_default();
    let text = format!(
        "syntax = \"proto3\"; package {package}; import \"bodybroker/options/v1/options.proto\"; \
         {streams} {body} message No {{}}"
    );
    BTreeMap::from([("a.proto".to_owned(), text)])
}

/// The rules that refuse a schema; none if code comes of it.
fn refused(package: &str, body: &str) -> BTreeSet<&'static str> {
    let input = Input::new("").strip_prefix("acme");
    let schema = match load_text(&input, schema(package, body)) {
        Ok(schema) => schema,
        Err(findings) => return findings.iter().map(|finding| finding.rule).collect(),
    };
    let written = emit(&schema, &Settings::modules("crate"));
    assert!(written.is_ok(), "{package}: {body}\n{written:?}");
    BTreeSet::new()
}

#[test]
fn a_name_is_refused_by_a_rule_or_written() {
    let mut table: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in NAMES {
        let mut judge = |place: &str, package: &str, body: &str| {
            for rule in refused(package, body) {
                table.entry(format!("{place}: {rule}")).or_default().push(name);
            }
        };
        for (place, body) in PLACES {
            judge(place, "acme.zoo.v1", &body.replace('$', name));
        }
        judge("package", &format!("acme.{name}.v1"), "message Yes {}");
        judge("package with events", &format!("acme.{name}.v1"), &EVENT.replace('$', "Opened"));
        judge("outer package", &format!("{name}.zoo.v1"), "message Yes {}");
    }
    let lines = table.iter().map(|(place, names)| format!("{place}: {}\n", names.join(" ")));
    insta::with_settings!({
        snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true,
    }, { insta::assert_snapshot!("names_refused", lines.collect::<String>()) });
}

#[test]
fn services_and_packages_that_would_share_a_file_are_refused() {
    let alike = format!("{}{}", SERVICE.replace('$', "Ab"), SERVICE.replace('$', "A_B"));
    let alike = alike.replacen("svc.a.", "svc.b.", 1).replacen("\"q\"", "\"r\"", 1);
    assert_eq!(refused("acme.zoo.v1", &alike), BTreeSet::from(["MODULE_UNIQUE"]));
    for (outer, inner) in [("message Yes {}", "messages"), (SERVICE, "feeding")] {
        let mut files = schema("acme.zoo.v1", &outer.replace('$', "Feeding"));
        let inner = schema(&format!("acme.zoo.v1.{inner}.v1"), "message Yes {}");
        files.extend(inner.into_values().map(|text| ("b.proto".to_owned(), text)));
        let findings = load_text(&Input::new(""), files).map(|_| ()).expect_err("one file");
        let rules: Vec<_> = findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, ["MODULE_UNIQUE"], "{findings}");
    }
}

#[test]
fn what_prost_refuses_is_said() {
    // No rule judges what is only imported, and prost looks into what is held there: two of its values are one variant.
    let mut files = schema("acme.zoo.v1", "message Yes { google.held.Held held = 1; }");
    let text = files.values_mut().next().expect("a file");
    *text = text.replace(" import", " import \"b.proto\"; import");
    let held = "syntax = \"proto3\"; package google.held; import \"c.proto\"; \
        message Held { google.Mood mood = 1; }";
    let mood = "syntax = \"proto3\"; package google; enum Mood { MOOD_NO = 0; MOOD_A = 1; A = 2; }";
    files.insert("b.proto".to_owned(), held.to_owned());
    files.insert("c.proto".to_owned(), mood.to_owned());
    let schema = load_text(&Input::new(""), files).unwrap_or_else(|findings| panic!("{findings}"));
    let mut settings = Settings::modules("crate");
    settings.externs.insert("google.held".to_owned(), "::held".to_owned());
    let findings = emit(&schema, &settings).expect_err("no code");
    let said = findings.to_string();
    assert!(said.starts_with("a.proto:1:1: no code can be written for the messages of"), "{said}");
    assert!(findings.render(80, false).contains("MESSAGES_WRITTEN"));
}
