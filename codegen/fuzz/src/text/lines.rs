//! Changes of whole lines: most of them parse.

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

/// Lines of another text that are taken at once.
const TAKEN_MAX: usize = 30;

/// How deep messages may lie in each other.
const DEPTHS: &[usize] = &[3, 20, 31, 32, 48, 60, 99, 101, 300, 3000];

/// Annotations with broken values. They stand wherever there is a line, the right place or not.
const ANNOTATIONS: &[&str] = &[
    r#"option (bodybroker.options.v1.method) = { timeout: "1s" };"#,
    r#"option (bodybroker.options.v1.method) = { timeout: "-99999999999999999999d" };"#,
    r#"option (bodybroker.options.v1.method) = { timeout: "18446744073709551615ms" idle_timeout: "" };"#,
    r#"option (bodybroker.options.v1.method) = { operation: "{}.{a.b.c}.{é}" credit: 4294967295 };"#,
    r#"option (bodybroker.options.v1.method) = { operation: "{{" idempotency: 77 errors: -1 };"#,
    r#"option (bodybroker.options.v1.method) = { operation: "" queue_group: "\xff\0 >" };"#,
    r#"option (bodybroker.options.v1.method).timeout = "1s" "2s";"#,
    r#"option (bodybroker.options.v1.service) = { subject: "svc..>.*.v9" queue_group: "" };"#,
    r#"option (bodybroker.options.v1.service) = { subject: "svc.🦁" buckets: [{}, {name: ""}] };"#,
    r#"option (bodybroker.options.v1.service) = { calls: "x" calls: "." consumes: ["", "a.b.C"] };"#,
    r#"option (bodybroker.options.v1.service) = { buckets: { name: "b" value: "." ttl: "0" history: 4294967295 } };"#,
    r#"option (bodybroker.options.v1.event) = { subject: "evt.{}" stream: "" };"#,
    r#"option (bodybroker.options.v1.event) = { subject: "evt.{x}.{x}.>" stream: "S" bucket: "b" };"#,
    r"option (bodybroker.options.v1.event) = {};",
    r#"option (bodybroker.options.v1.file) = { streams: { name: "" subjects: ["", ">", ".."] max_age: "∞" } };"#,
    r#"option (bodybroker.options.v1.file) = { streams: {} streams: { name: "S" replicas: 4294967295 max_bytes: 18446744073709551615 } };"#,
    r#"option (google.api.http) = { get: "/{a=**}/{b.c}" additional_bindings: { post: "{" body: "*" } };"#,
    r#"option (google.api.http) = { custom: { kind: "" path: "}{" } body: "nowhere" };"#,
    "string sensitive = 77 [(bodybroker.options.v1.field) = { sensitive: maybe }];",
    "// buf:lint:ignore",
    "// buf:lint:ignore ENUM",
];

/// Declarations with hostile numbers, names and types.
const DECLARATIONS: &[&str] = &[
    "message M { M m = 1; repeated M n = 536870911; map<string, M> o = 19000; }",
    "message Deep { message Deep { message Deep { Deep.Deep.Deep d = 1; } } }",
    "message Entry { option map_entry = true; string key = 1; string value = 2; }",
    "message Range { reserved 1 to max; reserved 5, 5, 7 to 6, -1; reserved \"a\", \"a\"; }",
    "message Ext { extensions 100 to max; extensions 4 to 2; }",
    "message Set { option message_set_wire_format = true; extensions 4 to max; }",
    "enum E { A = 0; B = -2147483648; C = 2147483647; reserved -5 to max; reserved 5 to 2; }",
    "enum Alias { option allow_alias = true; X = 0; Y = 0; Z = 0; }",
    "enum None {}",
    "service None {}",
    "service S { rpc A(S) returns (stream S); rpc A(M) returns (E); rpc a(.M) returns (.); }",
    "extend google.protobuf.FieldOptions { optional int32 e = 50000; optional E f = 50000; }",
    "extend google.protobuf.MessageOptions { repeated google.protobuf.MessageOptions m = 50001; }",
    "extend Nowhere { optional int32 e = 1; }",
    "oneof o { } oneof o { string s = 1; }",
    "optional group G = 1 { repeated group G = 1 { } }",
    "message P { optional int32 a = 1 [default = 99999999999999999999, json_name = \"\\0\"]; }",
    "message Q { optional bytes a = 1 [default = \"\\377\\x00\"]; optional float b = 2 [default = -inf]; }",
    "import \"google/protobuf/descriptor.proto\";",
    "import public \"zoo/kind.proto\"; import weak \"\"; import \"../..\";",
    "syntax = \"proto2\";",
    "syntax = \"proto3\";",
    "edition = \"2023\";",
    "package a..b;",
    "package google.protobuf;",
    "package bodybroker.options.v1;",
    "option features.field_presence = IMPLICIT;",
    "option (a).(b).c.(.d) = { [x.y/z]: 1, <>: {} };",
    "option java_package = 1.5e400;",
];

pub(super) fn delete(text: &str, _: &str, random: &mut StdRng) -> String {
    changed(text, random, |lines, at, random| {
        let end = (at + random.random_range(1..6)).min(lines.len());
        lines.drain(at..end);
    })
}

pub(super) fn repeat(text: &str, _: &str, random: &mut StdRng) -> String {
    changed(text, random, |lines, at, random| {
        let to = random.random_range(0..=lines.len());
        lines.insert(to, lines[at]);
    })
}

pub(super) fn swap(text: &str, _: &str, random: &mut StdRng) -> String {
    changed(text, random, |lines, at, random| {
        let other = random.random_range(0..lines.len());
        lines.swap(at, other);
    })
}

/// Puts lines of another text somewhere, or goes on with them.
pub(super) fn splice(text: &str, other: &str, random: &mut StdRng) -> String {
    let other: Vec<_> = other.lines().collect();
    changed_lines(text.lines().collect(), random, |lines, at, random| {
        let from = random.random_range(0..=other.len());
        if random.random_ratio(1, 4) {
            lines.truncate(at);
            lines.extend(&other[from..]);
        } else {
            let end = (from + random.random_range(1..=TAKEN_MAX)).min(other.len());
            lines.splice(at..at, other[from..end].iter().copied());
        }
    })
}

pub(super) fn annotate(text: &str, _: &str, random: &mut StdRng) -> String {
    let line = ANNOTATIONS.choose(random).copied().unwrap_or_default();
    after_brace(text, line, random)
}

pub(super) fn declare(text: &str, _: &str, random: &mut StdRng) -> String {
    let line = DECLARATIONS.choose(random).copied().unwrap_or_default();
    if random.random() {
        return format!("{text}{line}\n");
    }
    after_brace(text, line, random)
}

/// Adds messages inside messages, or blocks inside an option.
pub(super) fn nest(text: &str, _: &str, random: &mut StdRng) -> String {
    let depth = DEPTHS.choose(random).copied().unwrap_or_default();
    let (open, inner, close) = match random.random_range(0..4) {
        0 => ("message N {\n", "string s = 1;", "}\n"),
        1 => ("optional group G = 1 {\n", "", "}\n"),
        2 => ("oneof o {\n", "", "}\n"),
        _ => {
            let value = format!("{}{}", "f { ".repeat(depth), "}".repeat(depth));
            return after_brace(text, &format!("option (x) = {{ {value} }};"), random);
        }
    };
    let line = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
    if random.random() { format!("{text}{line}") } else { after_brace(text, &line, random) }
}

/// Puts a line behind one that opens a block, or at the start of a statement.
fn after_brace(text: &str, line: &str, random: &mut StdRng) -> String {
    let ends: Vec<_> = text.match_indices(['{', ';']).map(|(at, _)| at + 1).collect();
    let at = ends.choose(random).copied().unwrap_or(text.len());
    format!("{}\n{line}\n{}", &text[..at], &text[at..])
}

fn changed<'a>(
    text: &'a str,
    random: &mut StdRng,
    change: impl FnOnce(&mut Vec<&'a str>, usize, &mut StdRng),
) -> String {
    changed_lines(text.lines().collect(), random, change)
}

fn changed_lines<'a>(
    mut lines: Vec<&'a str>,
    random: &mut StdRng,
    change: impl FnOnce(&mut Vec<&'a str>, usize, &mut StdRng),
) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let at = random.random_range(0..lines.len());
    change(&mut lines, at, random);
    lines.join("\n") + "\n"
}
