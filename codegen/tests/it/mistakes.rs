//! One schema a mistake: each is found, by its rule alone, and drawn with a caret and help.
//!
//! A fixture is `fixtures/<rule>/<case>.proto`. Lines that say `// file: <name>` split it into files; text before the
//! first goes into `acme/zoo/v1/zoo.proto`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bodybroker_codegen::check::RULES;
use bodybroker_codegen::{Findings, Input, load_text};

/// Rules of reading and linking, which are in no table because they come before there is anything to judge.
const BEFORE: &[&str] =
    &["IMPORT_ACYCLIC", "IMPORT_FOUND", "IMPORT_ONCE", "NAME_RESOLVES", "SYNTAX"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of fixtures");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

/// Splits a fixture into files.
pub(crate) fn files(text: &str) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut current = "acme/zoo/v1/zoo.proto".to_owned();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("// file: ") {
            name.clone_into(&mut current);
        } else {
            let file = files.entry(current.clone()).or_default();
            file.push_str(line);
            file.push('\n');
        }
    }
    files
}

fn findings(text: &str) -> Findings {
    let input = Input::new("").strip_prefix("acme");
    load_text(&input, files(text)).map(|_| ()).expect_err("a fixture holds a mistake")
}

#[test]
fn every_mistake_is_found_by_its_rule_and_drawn_with_a_caret() {
    let mut wrong = Vec::new();
    for rule in entries(&folder()) {
        for case in entries(&rule) {
            let text = fs::read_to_string(&case).expect("a fixture");
            let findings = findings(&text);
            let rules: BTreeSet<_> = findings.iter().map(|it| it.rule.to_lowercase()).collect();
            let drawn = findings.render(110, false);
            let helped = findings.iter().all(|it| it.help.is_some());
            if rules != BTreeSet::from([name(&rule)]) || !helped {
                wrong.push(format!("{}: {rules:?}\n{drawn}", case.display()));
            }
            let snapshot = format!("{}__{}", name(&rule), name(&case));
            insta::with_settings!({
                snapshot_path => "../snapshots/mistakes", prepend_module_to_snapshot => false,
                omit_expression => true,
            }, { insta::assert_snapshot!(snapshot, drawn) });
        }
    }
    assert!(wrong.is_empty(), "found by other rules, or without help:\n{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_fixture() {
    let fixtures: BTreeSet<_> =
        entries(&folder()).iter().map(|it| name(it).to_uppercase()).collect();
    let rules = RULES.iter().map(|rule| rule.id).chain(BEFORE.iter().copied());
    let rules: BTreeSet<_> = rules.map(str::to_owned).collect();
    assert_eq!(fixtures, rules);
}

#[test]
fn every_mistake_of_many_is_reported_in_one_run() {
    // All that a folder of schemas can hold at once, one package a fixture so that they don't meet.
    let mut all = BTreeMap::new();
    let mut expected = BTreeSet::new();
    for (index, rule) in entries(&folder()).iter().enumerate() {
        // What is judged over the whole workspace is left out while a file of it is missing.
        let whole =
            ["calls_known", "bucket_value", "event_stream", "event_bucket", "consumes_known"];
        let before = BEFORE.contains(&name(rule).to_uppercase().as_str());
        if before || whole.contains(&name(rule).as_str()) {
            continue;
        }
        let case = &entries(rule)[0];
        let text = fs::read_to_string(case).expect("a fixture");
        for (file, text) in files(&text) {
            let apart = |text: &str| text.replace("acme", &format!("acme{index}"));
            let text = apart(&text)
                .replace("\"ZOO\"", &format!("\"ZOO{index}\""))
                .replace("evt.", &format!("evt{index}."))
                .replace("svc.", &format!("svc{index}."));
            all.insert(apart(&file), text);
        }
        expected.insert(name(rule));
    }
    let input = Input::new("");
    let findings = load_text(&input, all).map(|_| ()).expect_err("many mistakes");
    let found: BTreeSet<_> = findings.iter().map(|it| it.rule.to_lowercase()).collect();
    let missing: Vec<_> = expected.difference(&found).collect();
    assert!(missing.is_empty(), "{missing:?} were not reported in\n{findings}");
}

#[test]
fn what_does_not_link_hides_nothing_else_in_its_file() {
    let text = "syntax = \"proto3\";\npackage acme.zoo.v1;\n\
        import \"acme/nowhere.proto\";\n\
        import \"bodybroker/options/v1/options.proto\";\n\
        // file: acme/other/v1/other.proto\n\
        syntax = \"proto3\";\npackage acme.other.v1;\n\
        import \"bodybroker/options/v1/options.proto\";\n\
        import \"acme/zoo/v1/zoo.proto\";\n\
        service OtherService {\n\
          option (bodybroker.options.v1.service) = { subject: \"svc.other.v1\" color: 1 };\n\
          rpc Feed(Nobody) returns (FeedResponse) {\n\
            option (bodybroker.options.v1.method) = { timeout: \"soon\" operation: \"a.{b}\" };\n\
          }\n\
          rpc Sleep(FeedResponse) returns (Nobody) {\n\
            option (bodybroker.options.v1.method) = { max_in_flight: \"many\" };\n\
            option deprecated = true;\n\
          }\n\
          rpc Wash(FeedResponse) returns (FeedResponse) {\n\
            option deprecated = true;\n\
            option (bodybroker.options.v1.method) = { max_in_flight: 0 };\n\
          }\n\
        }\n\
        message FeedResponse { Nothing nothing = 1; }\n";
    let findings = findings(text);
    let mut found: Vec<_> = findings.iter().map(|it| it.rule).collect();
    found.sort_unstable();
    let expected = [
        "DURATION_PARSES",
        "IMPORT_FOUND",
        "LIMIT_IN_RANGE",
        "NAME_RESOLVES",
        "NAME_RESOLVES",
        "NAME_RESOLVES",
        "NAME_RESOLVES",
        "NAME_RESOLVES",
    ];
    assert_eq!(found, expected, "{}", findings.render(110, false));
}

#[test]
fn a_broken_file_hides_nothing_in_the_others() {
    let text = "syntax = \"proto3\";\nmessage {\n\
        // file: acme/other/v1/other.proto\n\
        syntax = \"proto3\";\npackage acme.other;\n";
    let found: Vec<_> = findings(text).iter().map(|it| it.rule).collect();
    assert_eq!(found, ["PACKAGE_VERSIONED", "SYNTAX"]);
}

#[test]
fn a_name_that_may_be_in_a_broken_file_is_not_called_missing() {
    let text = "syntax = \"proto3\";\nmessage {\n\
        // file: acme/other/v1/other.proto\n\
        syntax = \"proto3\";\npackage acme.other.v1;\n\
        import \"bodybroker/options/v1/options.proto\";\n\
        service OtherService {\n\
        option (bodybroker.options.v1.service) = { calls: \"acme.zoo.v1.ZooService\" };\n}\n";
    let found: Vec<_> = findings(text).iter().map(|it| it.rule).collect();
    assert_eq!(found, ["SYNTAX"]);
}
