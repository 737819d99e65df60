//! The linter beside buf itself: seeded mutants of the repository's schemas and of a zoo of hostile ones, judged by
//! both. What buf says is right, but for what CONTRIBUTING.md lists.

mod mutant;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bodybroker_codegen::check::config::Config;
use bodybroker_codegen::check::image::Image;
use bodybroker_codegen::check::lint::lint;
use serde_json::Value;

use mutant::{Mutant, Random};

/// Rules of both, but for the one that only buf has.
const CONFIG: &str = "version: v2\nlint:\n  use: [STANDARD, COMMENTS, UNARY_RPC, \
                      STABLE_PACKAGE_NO_IMPORT_UNSTABLE]\n  except: [PROTOVALIDATE]\n";

/// Mutants that one run of buf judges: its start costs more than a schema.
const BATCH: usize = 60;

type Found = BTreeSet<(String, String, u64)>;

#[test]
fn lint_finds_what_buf_finds() {
    compare(1, 90);
}

#[test]
#[ignore = "takes minutes"]
fn lint_finds_what_buf_finds_in_thousands_of_mutants() {
    compare(1000, 2400);
}

/// Judges mutants with both; every verdict has to be the same, and nearly every place.
fn compare(seed: u64, count: usize) {
    let mut random = Random::new(seed);
    let bases = bases();
    let mutants: Vec<_> = (0..count)
        .map(|index| Mutant::new(&bases[index % bases.len()], index, &mut random))
        .collect();
    let mut wrong = Vec::new();
    let (mut verdicts, mut places, mut same, mut broken) = (0, 0, 0, 0);
    for batch in mutants.chunks(BATCH) {
        let judged = judge(batch);
        for (mutant, (buf, ours)) in batch.iter().zip(judged) {
            let (Some(buf), Some(ours)) = (&buf, &ours) else {
                verdicts += usize::from(buf.is_none() == ours.is_none());
                broken += 1;
                if buf.is_none() != ours.is_none() {
                    let refuses = if buf.is_none() { "buf" } else { "lint" };
                    wrong.push(format!("{}: only {refuses} refuses it", mutant.story));
                }
                continue;
            };
            verdicts += usize::from(buf.is_empty() == ours.is_empty());
            places += buf.union(ours).count();
            same += buf.intersection(ours).count();
            for (who, extra) in [("buf", buf - ours), ("lint", ours - buf)] {
                wrong
                    .extend(extra.iter().map(|it| format!("{}: only {who}: {it:?}", mutant.story)));
            }
        }
    }
    let report = format!(
        "{count} mutants, {broken} don't compile; {verdicts} verdicts and {same} of {places} places are the same\n{}",
        wrong.join("\n")
    );
    eprintln!("{report}");
    assert!(places > count, "the mutants break too little: {report}");
    assert_eq!(verdicts, count, "{report}");
    assert!(same * 1000 >= places * 995, "{report}");
}

/// What both say about each of some mutants; nothing where one doesn't compile.
fn judge(batch: &[Mutant]) -> Vec<(Option<Found>, Option<Found>)> {
    let shared = shared();
    let ours: Vec<_> = batch.iter().map(|mutant| lint_ours(mutant, &shared)).collect();
    let mut left: BTreeSet<usize> = (0..batch.len()).collect();
    // What we refuse buf judges alone: it would hide what it says of the others. So it does with files outside any
    // package, which are all in one.
    let outside = |it: usize| batch[it].files.values().any(|text| !text.contains("\npackage "));
    let refused = |it: usize| ours[it].is_none() || outside(it);
    let alone: BTreeSet<usize> = left.iter().copied().filter(|&it| refused(it)).collect();
    left.retain(|it| !alone.contains(it));
    let mut buf: Vec<Option<Found>> = vec![None; batch.len()];
    for index in alone {
        let found = lint_buf(&[&batch[index]], &shared);
        buf[index] = (!compile_errors(&found)).then(|| of(&batch[index], &found));
    }
    loop {
        let mutants: Vec<_> = left.iter().map(|&index| &batch[index]).collect();
        let found = lint_buf(&mutants, &shared);
        let before = left.len();
        if compile_errors(&found) {
            let refused: BTreeSet<_> = found.iter().map(|it| it.0.as_str()).collect();
            left.retain(|&it| !refused.iter().any(|path| batch[it].files.contains_key(*path)));
            assert!(left.len() < before, "buf refuses what no mutant holds: {found:?}");
            continue;
        }
        for &index in &left {
            buf[index] = Some(of(&batch[index], &found));
        }
        return buf.into_iter().zip(ours).collect();
    }
}

fn compile_errors(found: &Found) -> bool {
    found.iter().any(|(_, rule, _)| rule == "COMPILE")
}

fn of(mutant: &Mutant, found: &Found) -> Found {
    found.iter().filter(|it| mutant.files.contains_key(&it.0)).cloned().collect()
}

fn lint_ours(mutant: &Mutant, shared: &BTreeMap<String, String>) -> Option<Found> {
    let mut files = shared.clone();
    files.extend(mutant.files.clone());
    let image = Image::of_texts(files).ok()?;
    let config = Config::parse(CONFIG, "").expect("a configuration");
    let violations = lint(&image, &config).expect("rules that exist");
    let found = violations.into_iter().map(|it| {
        let line = u64::from(it.place().start_line);
        (it.file.unwrap_or_default(), it.rule.to_owned(), line)
    });
    Some(of(mutant, &found.collect()))
}

fn lint_buf(mutants: &[&Mutant], shared: &BTreeMap<String, String>) -> Found {
    if mutants.is_empty() {
        return Found::new();
    }
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("buf.yaml"), CONFIG).expect("a file");
    let files = mutants.iter().flat_map(|mutant| &mutant.files);
    for (name, text) in files.chain(shared) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let output = Command::new(buf())
        .args(["lint", "--error-format", "json"])
        .current_dir(folder.path())
        .output()
        .expect("buf starts; `cargo xtask tools` installs it");
    let code = output.status.code();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(code, Some(0 | 100)), "buf failed: {said}");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).expect("an object");
            let word = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
            (word("path"), word("type"), value["start_line"].as_u64().unwrap_or_default())
        })
        .collect()
}

/// Where `cargo xtask tools` puts it, or whatever is on the path.
fn buf() -> PathBuf {
    let installed = root().join(".tools/bin/buf");
    if installed.is_file() { installed } else { "buf".into() }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Files that mutants import, and that are not mutated.
fn shared() -> BTreeMap<String, String> {
    let all = schemas();
    let is_shared = |name: &str| {
        ["bodybroker/common/", "bodybroker/options/", "google/"]
            .iter()
            .any(|it| name.starts_with(it))
    };
    all.into_iter().filter(|(name, _)| is_shared(name)).collect()
}

/// What is mutated: each service's schema alone, and the animals of the zoo several times as often.
fn bases() -> Vec<BTreeMap<String, String>> {
    let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/lint_like_buf/zoo");
    let read = |name: &str| fs::read_to_string(zoo.join(name)).expect("an animal");
    let zoo = ["proto2.proto", "proto3.proto"].map(|name| crate::mistakes::files(&read(name)));
    let shared = shared();
    let services = schemas().into_iter().filter(|(name, _)| !shared.contains_key(name));
    let mut bases = Vec::new();
    for (name, text) in services {
        // `m0` stands for the mutant: a folder and a package of its own.
        let package = name.split('/').nth(1).expect("a package").to_owned();
        let text = text.replace(&format!("bodybroker.{package}.v1"), "bodybroker.zoo.v1");
        bases.push(BTreeMap::from([(format!("bodybroker/zoo/v1/{package}.proto"), text)]));
        bases.extend(zoo.clone());
    }
    bases
}

fn schemas() -> BTreeMap<String, String> {
    let root = root().join("proto");
    let mut files = BTreeMap::new();
    let mut open = vec![root.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == "proto") {
                let name = path.strip_prefix(&root).expect("below the root");
                let text = fs::read_to_string(&path).expect("a schema");
                files.insert(name.to_string_lossy().replace('\\', "/"), text);
            }
        }
    }
    files
}
