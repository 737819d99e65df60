use super::*;

#[test]
fn paths_become_relative_to_the_module() {
    let text = "version: v2\nmodules:\n  - path: proto\nlint:\n  use: [STANDARD]\n  \
                ignore: [proto/google, other]\n  ignore_only:\n    RPC_PASCAL_CASE: [./proto/a.proto]\n";
    let config = Config::parse(text, "proto").expect("a configuration");
    assert_eq!(config.lint.selection.ignore, ["google"]);
    let ignores = |rule, file| config.lint.selection.ignores(rule, &[], file);
    assert!(ignores("ANY", "google/api/http.proto"));
    assert!(!ignores("ANY", "googles/api/http.proto"));
    assert!(ignores("RPC_PASCAL_CASE", "a.proto"));
    assert!(!ignores("ANY", "a.proto"));
    assert_eq!(config.root, None);
    let above = Config::parse(text, "").expect("a configuration");
    assert_eq!(above.root, Some("proto".into()));
}

#[test]
fn a_module_has_choices_of_its_own() {
    let text = "version: v2\nmodules:\n  - path: a\n    lint: {use: [MINIMAL]}\n  - path: b\n\
                lint: {service_suffix: API}\n";
    let a = Config::parse(text, "a").expect("a configuration");
    assert_eq!(
        (a.lint.selection.use_, a.lint.service_suffix),
        (vec!["MINIMAL".into()], "Service".into())
    );
    let b = Config::parse(text, "b").expect("a configuration");
    assert_eq!((b.lint.selection.use_, b.lint.service_suffix), (vec![], "API".into()));
    let both = Config::parse(text, ".").expect_err("two modules");
    assert_eq!(both.to_string(), "there are several modules; name one: a, b");
}

#[test]
fn what_nobody_reads_is_an_error_that_names_it() {
    let wrong = |text| Config::parse(text, "").expect_err("a mistake").to_string();
    let unknown = wrong("version: v2\nlint:\n  uses: [STANDARD]\n");
    assert!(unknown.starts_with("line 3 column 3: unknown field `uses`"), "{unknown}");
    assert_eq!(unknown.lines().count(), 1);
    assert!(wrong("version: v1\n").contains("buf config migrate"));
    assert!(wrong("lint: {}\n").contains("version is missing"));
    assert!(wrong("version: v2\nplugins:\n  - plugin: x\n").contains("plugins"));
    assert!(!wrong(": : [").is_empty());
}

#[test]
fn rules_are_chosen_by_name_and_category() {
    let table: &[(&'static str, &'static [&'static str], bool)] =
        &[("A", &["X"], true), ("B", &["X", "Y"], false), ("C", &["Y"], true)];
    let choose = |use_: &[&str], except: &[&str]| {
        let list = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
        let selection =
            Selection { use_: list(use_), except: list(except), ..Selection::default() };
        selection.choose(table).map(|rules| rules.into_iter().collect::<Vec<_>>().join(" "))
    };
    assert_eq!(choose(&[], &[]).as_deref(), Ok("A C"));
    assert_eq!(choose(&["X"], &["A"]).as_deref(), Ok("B"));
    assert_eq!(choose(&["C", "B"], &[]).as_deref(), Ok("B C"));
    let unknown = choose(&["Z"], &[]).expect_err("no such rule").to_string();
    assert_eq!(unknown, "\"Z\" is not a known rule or category id");
}
