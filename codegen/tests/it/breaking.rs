//! The same change, judged by us and by the real `buf`.

mod buf;
mod choices;
mod fixtures;
mod hurt;
mod mutation;
mod running;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use bodybroker_codegen::check::allowance::Allowances;
use bodybroker_codegen::check::breaking::{RULES, breaking};
use bodybroker_codegen::check::config::Breaking;
use bodybroker_codegen::check::image::Image;
use bodybroker_codegen::check::violation::Violation;

use buf::Line;
use mutation::{Dice, mutate};

type Files = BTreeMap<String, String>;

/// Categories of `buf`.
const CATEGORIES: &[&str] = &["FILE", "PACKAGE", "WIRE_JSON", "WIRE"];

/// Mutants that one run of `buf` judges.
const BATCH: usize = 60;

/// Agreement over many mutants.
#[derive(Debug, Default)]
struct Tally {
    mutants: usize,
    /// Mutants that one side calls broken and the other doesn't, in one of the categories.
    verdicts: Vec<String>,
    /// Mutants that only `buf` does not compile; nothing is compared there.
    refused: Vec<String>,
    same: usize,
    different: Vec<String>,
    /// Lines that agree in place, rule and line, but not in columns or words.
    worded: Vec<String>,
    rules: BTreeSet<String>,
}

#[test]
fn the_rules_and_their_categories_are_those_of_buf() {
    let ours: BTreeMap<_, BTreeSet<_>> = RULES
        .iter()
        .filter(|rule| rule.categories != ["NATS"])
        .map(|rule| {
            (rule.id.to_owned(), rule.categories.iter().map(|it| (*it).to_owned()).collect())
        })
        .collect();
    let mut theirs = buf::rules();
    for categories in theirs.values_mut() {
        categories.retain(|it| CATEGORIES.contains(&&**it));
    }
    theirs.retain(|_, categories| !categories.is_empty());
    assert_eq!(ours, theirs);
}

#[test]
fn a_few_mutants_break_what_they_break_for_buf() {
    let mut tally = Tally::default();
    zoo(&mut tally, 1, 1);
    own(&mut tally, 1, 1);
    judge(&tally);
}

#[test]
#[ignore = "thousands of mutants take minutes"]
fn thousands_of_mutants_break_what_they_break_for_buf() {
    let mut tally = Tally::default();
    zoo(&mut tally, 100, 40);
    own(&mut tally, 100, 12);
    assert!(tally.mutants >= 2000, "{} mutants", tally.mutants);
    let silent: Vec<_> = RULES
        .iter()
        .filter(|it| it.categories != ["NATS"] && !tally.rules.contains(it.id))
        .collect();
    let silent: Vec<_> = silent.iter().map(|rule| rule.id).collect();
    assert!(silent.is_empty(), "nothing was found by {silent:?}");
    judge(&tally);
}

fn judge(tally: &Tally) {
    let all = tally.same + tally.different.len();
    let mut report = format!(
        "{} mutants, and {} that only buf refuses; verdicts that differ: {}; of {all} findings {} agree in path, rule and line, and {} of those differ in \
         columns or words; {} rules spoke\n",
        tally.mutants,
        tally.refused.len(),
        tally.verdicts.len(),
        tally.same,
        tally.worded.len(),
        tally.rules.len()
    );
    eprintln!("{report}");
    for line in tally
        .verdicts
        .iter()
        .chain(tally.different.iter().chain(&tally.worded).chain(&tally.refused).take(40))
    {
        let _ = writeln!(report, "{line}");
    }
    let agree = tally.different.len() * 100 <= all;
    assert!(tally.verdicts.is_empty() && agree, "{report}");
}

/// Mutants of the zoo: each a copy in packages of its own.
fn zoo(tally: &mut Tally, seed: u64, batches: u64) {
    let zoo = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/zoo"), "zoo/");
    for batch in 0..batches {
        let mut dice = Dice::new(seed + batch);
        let (mut old, mut new, mut kinds) = (Files::new(), Files::new(), BTreeMap::new());
        while kinds.len() < BATCH {
            let Some((mutant, kind)) = mutant(&zoo, &mut dice) else { continue };
            let name = format!("m{:04}", kinds.len());
            let apart = |files: &Files| -> Files {
                let one = |text: &str| {
                    text.replace("zoo.", &format!("{name}.")).replace("zoo/", &format!("{name}/"))
                };
                files.iter().map(|(path, text)| (one(path), one(text))).collect()
            };
            old.extend(apart(&zoo));
            new.extend(apart(&mutant));
            kinds.insert(name, kind);
        }
        compare(tally, &old, &new, &kinds);
    }
}

/// Mutants of our own schemas: each file is one, and all are judged at once.
fn own(tally: &mut Tally, seed: u64, batches: u64) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto");
    let files = read(&root, "");
    for batch in 0..batches {
        let mut dice = Dice::new(seed + batch);
        let (mut new, mut kinds) = (files.clone(), BTreeMap::new());
        for path in files
            .keys()
            .filter(|path| !["options", "google", "common"].iter().any(|it| path.contains(it)))
        {
            let mut one = Files::from([(path.clone(), new[path].clone())]);
            let kind = mutate(&mut one, &mut dice);
            let Some(text) = one.remove(path) else { continue };
            let before = new.insert(path.clone(), text);
            // What others import has to be there; whether they still compile is seen at the end.
            let shared = |name: &String| {
                name == path
                    || !name.contains("/v1/")
                    || name.contains("common")
                    || name.contains("options")
            };
            let alone: Files = new
                .iter()
                .filter(|(name, _)| shared(name))
                .map(|(name, text)| (name.clone(), text.clone()))
                .collect();
            if Image::of_texts(alone).is_err() || before.as_ref() == new.get(path) {
                new.insert(path.clone(), before.expect("the file was there"));
                continue;
            }
            kinds.insert(path.clone(), kind);
        }
        if Image::of_texts(new.clone()).is_ok() {
            compare(tally, &files, &new, &kinds);
        }
    }
}

/// A mutant that compiles and differs, and what was done to it.
fn mutant(zoo: &Files, dice: &mut Dice) -> Option<(Files, String)> {
    let mut mutant = zoo.clone();
    let kinds: Vec<_> = (0..=dice.below(2)).map(|_| mutate(&mut mutant, dice)).collect();
    let valid = mutant != *zoo && Image::of_texts(mutant.clone()).is_ok();
    valid.then(|| (mutant, kinds.join(" + ")))
}

fn compare(tally: &mut Tally, old: &Files, new: &Files, kinds: &BTreeMap<String, String>) {
    let theirs = match buf::breaking(old, new) {
        Ok(theirs) => theirs,
        Err(refused) => return without(tally, old, new, kinds, &refused),
    };
    let before = Image::of_texts(old.clone()).expect("the old schemas compile");
    let after = Image::of_texts(new.clone()).expect("the new schemas compile");
    let mut config = Breaking::default();
    config.selection.use_ = CATEGORIES.iter().map(|name| (*name).to_owned()).collect();
    let ours = breaking(&before, &after, &config).expect("these categories are known");
    assert_eq!(disallowed(ours.clone()), [], "an entry could not name it");
    let ours: Vec<_> = ours.into_iter().map(Line::from).collect();
    tally.mutants += kinds.len();
    tally.rules.extend(ours.iter().map(|line| line.rule.clone()));
    for (name, kind) in kinds {
        let of = |lines: &[Line]| -> Vec<Line> {
            lines.iter().filter(|line| line.is_about(name)).cloned().collect()
        };
        let (ours, theirs) = (of(&ours), of(&theirs));
        for category in CATEGORIES {
            let rules: BTreeSet<_> = RULES
                .iter()
                .filter(|it| it.categories.contains(category))
                .map(|it| it.id)
                .collect();
            let broken = |lines: &[Line]| lines.iter().any(|line| rules.contains(&*line.rule));
            if broken(&ours) != broken(&theirs) {
                tally.verdicts.push(format!("{name} ({kind}) in {category}"));
            }
        }
        tally.match_up(&format!("{name} ({kind})"), &ours, &theirs);
    }
}

/// What remains where there is an entry for every violation.
fn disallowed(violations: Vec<Violation>) -> Vec<Violation> {
    let today = time::macros::date!(2026 - 01 - 01);
    let name = |it: &Violation| (it.rule, it.element.clone().unwrap_or_default());
    let names: BTreeSet<_> = violations.iter().map(name).collect();
    let entry = |(rule, element): &(&str, String)| {
        format!("  - {{rule: {rule}, element: {element}, reason: test, until: 2026-01-01}}\n")
    };
    let text = format!("allow:\n{}", names.iter().map(entry).collect::<String>());
    let allowances = Allowances::parse(&text, today).expect("entries");
    let judged = RULES.iter().map(|rule| rule.id).collect();
    allowances.judge(violations, &judged, today).violations
}

/// Compares what is left without the mutants that `buf` can't compile.
fn without(
    tally: &mut Tally,
    old: &Files,
    new: &Files,
    kinds: &BTreeMap<String, String>,
    refused: &[Line],
) {
    let (mut new, mut kinds) = (new.clone(), kinds.clone());
    let before = kinds.len();
    let names: Vec<_> = kinds.keys().cloned().collect();
    for name in names {
        let Some(line) = refused.iter().find(|line| line.is_about(&name)) else { continue };
        let kind = kinds.remove(&name).unwrap_or_default();
        tally.refused.push(format!("{name} ({kind}): {line:?}"));
        new.retain(|path, _| *path != name && !path.starts_with(&format!("{name}/")));
        let restored =
            old.iter().filter(|(path, _)| **path == name || path.starts_with(&format!("{name}/")));
        new.extend(restored.map(|(path, text)| (path.clone(), text.clone())));
    }
    if kinds.len() == before {
        // What is refused is in none of the mutants: another file doesn't bear with one of them.
        tally.refused.extend(kinds.into_iter().map(|(name, kind)| format!("{name} ({kind})")));
        return;
    }
    compare(tally, old, &new, &kinds);
}

impl Tally {
    fn match_up(&mut self, name: &str, ours: &[Line], theirs: &[Line]) {
        let mut left: Vec<_> = theirs.iter().collect();
        for line in ours {
            let exact = left.iter().position(|it| *it == line);
            let near = exact.or_else(|| left.iter().position(|it| it.key() == line.key()));
            match near {
                Some(index) => {
                    let other = left.remove(index);
                    self.same += 1;
                    if exact.is_none() {
                        self.worded.push(format!("{name}:\n  ours   {line:?}\n  theirs {other:?}"));
                    }
                }
                None => self.different.push(format!("{name}: only ours   {line:?}")),
            }
        }
        self.different.extend(left.iter().map(|it| format!("{name}: only theirs {it:?}")));
    }
}

fn read(root: &Path, prefix: &str) -> Files {
    let mut files = Files::new();
    for entry in fs::read_dir(root).expect("a folder of schemas") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            files.extend(read(&path, &format!("{prefix}{name}/")));
        } else {
            let text = fs::read_to_string(&path).expect("a schema");
            files.insert(format!("{prefix}{name}"), text);
        }
    }
    files
}
