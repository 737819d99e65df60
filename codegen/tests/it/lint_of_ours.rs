//! Rules that only we have: each with a fixture whose carets say what is found, where, and that nothing else is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bodybroker_codegen::check::config::Config;
use bodybroker_codegen::check::image::Image;
use bodybroker_codegen::check::lint::{RULES, lint};

/// Line, first column and rule.
type Found = BTreeSet<(usize, usize, String)>;

fn found(text: &str) -> Found {
    of_files(BTreeMap::from([("acme/zoo/v1/zoo.proto".to_owned(), text.to_owned())]))
}

fn of_files(files: BTreeMap<String, String>) -> Found {
    let image = Image::of_texts(files).expect("schemas that compile");
    let config = Config::parse("version: v2\nlint: {use: [NATS]}\n", "").expect("a configuration");
    let violations = lint(&image, &config).expect("rules that exist");
    let place = |it: &bodybroker_codegen::check::violation::Violation| {
        (it.place().start_line as usize, it.place().start_column as usize, it.rule.to_owned())
    };
    violations.iter().map(place).collect()
}

/// What the carets below lines say.
fn expected(text: &str) -> Found {
    let mut above = 0;
    let mut expected = Found::new();
    for (number, line) in (1..).zip(text.lines()) {
        match line.split_once('^') {
            Some((before, rest)) if line.starts_with("//") => {
                let rule = rest.trim_start_matches('^').trim();
                expected.insert((above, before.len() + 1, rule.to_owned()));
            }
            _ => above = number,
        }
    }
    expected
}

#[test]
fn every_rule_of_ours_finds_what_its_fixture_marks_and_nothing_else() {
    let ours = RULES.iter().filter(|rule| rule.categories.contains(&"NATS"));
    for rule in ours {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lint");
        let path = folder.join(rule.id.to_lowercase()).with_extension("proto");
        let text = fs::read_to_string(&path).expect("every rule has a fixture");
        let expected = expected(&text);
        assert!(
            expected.iter().any(|(_, _, id)| id == rule.id),
            "{} marks nothing",
            path.display()
        );
        assert_eq!(found(&text), expected, "{}", path.display());
    }
}

#[test]
fn what_is_annotated_with_options_of_another_package_is_judged_as_well() {
    let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/bodybroker/options/v1");
    let options = fs::read_to_string(proto.join("options.proto")).expect("the options");
    let zoo = "syntax = \"proto3\";\npackage acme.zoo.v1;\nimport \"acme/options/v1/options.proto\";\n\
               message Keeper { string password = 1; }\nservice ZooService {\n\
               option (acme.options.v1.service) = {subject: \"svc.zoo.v1\"};\n}\n";
    let options = options.replace("bodybroker.options", "acme.options");
    let files = [("acme/options/v1/options.proto", &*options), ("acme/zoo/v1/zoo.proto", zoo)];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let found: BTreeSet<_> = of_files(files.into()).into_iter().map(|it| it.2).collect();
    assert!(found.contains("SECRET_SENSITIVE"), "{found:?}");
}

#[test]
fn schemas_without_annotations_are_none_of_our_business() {
    let text = "syntax = \"proto3\";\npackage acme.zoo.v1;\nmessage Keeper { string password = 1; }\n\
                service Zoo { rpc Feed(Keeper) returns (Keeper); }\n";
    assert_eq!(found(text), Found::new());
}

#[test]
fn options_that_are_imported_and_not_used_are_found_by_the_rule_for_imports() {
    let text = "syntax = \"proto3\";\npackage acme.zoo.v1;\n\
                import \"bodybroker/options/v1/options.proto\";\n\
                import \"google/api/annotations.proto\";\n\
                service ZooService {\n  option (bodybroker.options.v1.service) = {subject: \"svc.zoo.v1\"};\n}\n";
    let unused = |text: &str| -> Vec<String> {
        let files = BTreeMap::from([("acme/zoo/v1/zoo.proto".to_owned(), text.to_owned())]);
        let image = Image::of_texts(files).expect("schemas that compile");
        let config = "version: v2\nlint: {use: [IMPORT_USED]}\n";
        let config = Config::parse(config, "").expect("a configuration");
        let found = lint(&image, &config).expect("a rule that exists");
        found.into_iter().map(|it| it.message).collect()
    };
    assert_eq!(unused(text), ["Import \"google/api/annotations.proto\" is unused."]);
    let plain =
        text.replace("option (bodybroker.options.v1.service) = {subject: \"svc.zoo.v1\"};", "");
    assert_eq!(unused(&plain).len(), 2);
}
