//! A fixture for each rule of ours: `tests/breaking/<rule>.diff`. Lines that begin with `-` are only in the old schema,
//! those with `+` only in the new one, and `!` marks what is found in the line above it, all of it and nothing else.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use bodybroker_codegen::check::breaking::{RULES, breaking};
use bodybroker_codegen::check::config::Breaking;
use bodybroker_codegen::check::image::Image;
use bodybroker_codegen::check::violation::Violation;

use super::Files;

/// The schema of one side, which has its own lines and those of both.
fn side(text: &str, own: char) -> Image {
    let lines = text.lines().filter_map(|line| {
        let (first, rest) = line.split_at_checked(1).unwrap_or((" ", ""));
        (first == " " || first.starts_with(own)).then_some(rest)
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    let files = Files::from([("acme/zoo/v1/zoo.proto".to_owned(), text)]);
    Image::of_texts(files).unwrap_or_else(|findings| panic!("{findings}"))
}

fn found(text: &str) -> Vec<Violation> {
    let mut config = Breaking::default();
    config.selection.use_ = vec!["NATS".to_owned()];
    breaking(&side(text, '-'), &side(text, '+'), &config).expect("a known category")
}

/// The same lines, with what is found below those that it is found in.
fn marked(text: &str, found: &[Violation]) -> String {
    let mut marked = String::new();
    let mut number = 0;
    for line in text.lines().filter(|line| !line.starts_with('!')) {
        let _ = writeln!(marked, "{line}");
        if line.starts_with('-') {
            continue;
        }
        number += 1;
        for it in found.iter().filter(|it| it.file.is_some() && it.place().start_line == number) {
            mark(&mut marked, line, it);
        }
    }
    for it in found.iter().filter(|it| it.file.is_none()) {
        mark(&mut marked, "", it);
    }
    marked
}

fn mark(marked: &mut String, line: &str, it: &Violation) {
    let place = it.place();
    let start = place.start_column as usize;
    let end =
        if place.start_line == place.end_line { place.end_column as usize } else { line.len() };
    let carets = "^".repeat(end.saturating_sub(start).max(1));
    let before = " ".repeat(start - 1);
    let _ = writeln!(marked, "!{before}{carets} {}", it.rule);
    let _ = writeln!(marked, "!{before}{}", it.message);
    for hurt in &it.hurt {
        let _ = writeln!(marked, "!{before}hurts: {hurt}");
    }
}

#[test]
fn every_rule_of_ours_finds_what_its_fixture_marks_and_nothing_else() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/breaking");
    let mut wrong = String::new();
    let ours: Vec<_> = RULES.iter().filter(|rule| rule.categories == ["NATS"]).collect();
    for rule in &ours {
        let path = folder.join(rule.id.to_lowercase()).with_extension("diff");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!("every rule has a fixture: {}: {error}", path.display())
        });
        let found = found(&text);
        let expected = marked(&text, &found);
        if found.iter().all(|it| it.rule != rule.id) || text != expected {
            let _ = writeln!(wrong, "{} should be\n{expected}", path.display());
        }
    }
    let files = fs::read_dir(folder).expect("the folder of fixtures").count();
    assert_eq!(files, ours.len(), "a fixture is for no rule");
    assert!(wrong.is_empty(), "{wrong}");
}
