use time::macros::date;

use super::*;

const TODAY: Date = date!(2026 - 11 - 21);

const FILE: &str = "\
# Agreed on.
allow:
  - rule: FIELD_NO_DELETE
    element: acme.zoo.v1.Cage.code
    reason: >
      nobody has read it
      since March
    told: [keepers, Ana]
    until: 2026-12-31
  - rule: FILE_NO_DELETE
    element: acme/zoo/v1/zoo.proto
    reason: v1 is retired
    until: 2026-11-21
";

fn violation(rule: &'static str, element: &str) -> Violation {
    Violation::nowhere(rule, "Gone.").about(element)
}

fn judge(text: &str, violations: Vec<Violation>, today: Date) -> (Vec<String>, Vec<String>) {
    let allowances = Allowances::parse(text, TODAY).expect("a file");
    let judged = ["FIELD_NO_DELETE", "FILE_NO_DELETE"].into();
    let judgement = allowances.judge(violations, &judged, today);
    let left = judgement.violations.iter().map(|it| it.element.clone().unwrap_or_default());
    let notes = judgement.notes.iter().map(|it| format!("{}: {it}", it.line));
    (left.collect(), notes.collect())
}

fn wrong(text: &str) -> String {
    Allowances::parse(text, TODAY).expect_err("a mistake").to_string()
}

#[test]
fn what_was_agreed_on_is_spared_and_named() {
    let violations = vec![
        violation("FIELD_NO_DELETE", "acme.zoo.v1.Cage.code"),
        violation("FIELD_NO_DELETE", "acme.zoo.v1.Cage.codes"),
        violation("FIELD_SAME_NAME", "acme.zoo.v1.Cage.code"),
        violation("FILE_NO_DELETE", "acme/zoo/v1/zoo.proto"),
    ];
    let (left, notes) = judge(FILE, violations, TODAY);
    assert_eq!(left, ["acme.zoo.v1.Cage.codes", "acme.zoo.v1.Cage.code"]);
    assert_eq!(
        notes,
        [
            "3: allowed until 2026-12-31: FIELD_NO_DELETE of acme.zoo.v1.Cage.code, because nobody has read it since \
             March (told: keepers, Ana)",
            "10: allowed until 2026-11-21: FILE_NO_DELETE of acme/zoo/v1/zoo.proto, because v1 is retired",
        ]
    );
}

#[test]
fn after_its_last_day_an_entry_spares_nothing() {
    let gone = || vec![violation("FILE_NO_DELETE", "acme/zoo/v1/zoo.proto")];
    let (left, notes) = judge(FILE, gone(), date!(2026 - 11 - 22));
    assert_eq!(left, ["acme/zoo/v1/zoo.proto"]);
    assert!(notes[1].starts_with("10: expired on 2026-11-21 and spares nothing"), "{notes:?}");
}

#[test]
fn an_entry_that_matches_nothing_asks_to_be_removed_or_corrected() {
    let (left, notes) = judge(FILE, vec![violation("FIELD_NO_DELETE", "zoo.Cage.codes")], TODAY);
    assert_eq!(left, ["zoo.Cage.codes"]);
    assert!(notes[0].ends_with("or correct it if it means zoo.Cage.codes"), "{notes:?}");
    assert!(notes[1].ends_with("zoo.proto; remove the entry"), "{notes:?}");
    let allowances = Allowances::parse(FILE, TODAY).expect("a file");
    let notes = allowances.judge(Vec::new(), &BTreeSet::new(), TODAY).notes;
    assert_eq!(notes, [], "a rule that didn't judge says nothing of its entries");
}

#[test]
fn an_entry_is_about_one_use_of_a_service_or_about_all() {
    let (fed, lost, other) =
        ("acme.Keeper -> acme.Fed", "acme.Keeper -> acme.Lost", "acme.Keepers -> acme.Fed");
    let spared = |element: &str| {
        let text = FILE.replacen("acme.zoo.v1.Cage.code", element, 1);
        let violations = [fed, lost, other].map(|element| violation("FIELD_NO_DELETE", element));
        judge(&text, violations.into(), TODAY).0
    };
    assert_eq!(spared(fed), [lost, other]);
    assert_eq!(spared("acme.Keeper"), [other]);
    assert_eq!(spared("acme.Fed"), [fed, lost, other]);
    for element in ["acme.Keeper -> *", "acme.Keeper -> ", "' -> acme.Fed'", "a -> b -> c"] {
        let error = wrong(&FILE.replacen("acme.zoo.v1.Cage.code", element, 1));
        assert!(error.starts_with("line 4: "), "{error}");
    }
}

#[test]
fn every_mistake_is_named_with_its_line() {
    let entry = |from: &str, to: &str| FILE.replacen(from, to, 1);
    let cases = [
        entry("FIELD_NO_DELETE", "FIELD_NO_DELET"),
        entry("FIELD_NO_DELETE", "WIRE"),
        entry("acme.zoo.v1.Cage.code", "acme.zoo.*"),
        entry("acme.zoo.v1.Cage.code", "'.'"),
        entry("v1 is retired", "' '"),
        entry("2026-12-31", "2026-02-30"),
        entry("2026-12-31", "2036-12-31"),
        entry("until: 2026-12-31", "untill: 2026-12-31"),
        entry("    until: 2026-12-31\n", ""),
        FILE.replace("FILE_NO_DELETE", "FIELD_NO_DELETE")
            .replace("acme/zoo/v1/zoo.proto", "acme.zoo.v1.Cage.code"),
        entry("FIELD_NO_DELETE", "X").replace("2026-11-21", "soon"),
        "allowed: []".to_owned(),
    ];
    insta::assert_snapshot!(cases.map(|it| wrong(&it)).join("\n\n"));
}

#[test]
fn nothing_may_be_agreed_on() {
    for text in ["", "# Nothing.\n", "allow:\n", "allow: []\n"] {
        assert_eq!(Allowances::parse(text, TODAY), Ok(Allowances::default()), "{text:?}");
    }
}

#[test]
fn the_file_lies_beside_the_choices_of_rules() {
    let folder = tempfile::tempdir().expect("a folder");
    let proto = folder.path().join("proto");
    std::fs::create_dir(&proto).expect("a folder");
    let find = || {
        let config = Config::find(&proto).expect("a configuration");
        Allowances::find(&proto, &config, TODAY).expect("a file").entries.len()
    };
    std::fs::write(folder.path().join("breaking.yaml"), FILE).expect("a file");
    assert_eq!(find(), 0, "a file somewhere above is somebody else's");
    std::fs::write(folder.path().join("buf.yaml"), "version: v2\n").expect("a file");
    assert_eq!(find(), 2);
}
