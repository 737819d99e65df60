//! The real `buf`, which says what is right.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bodybroker_codegen::check::violation::Violation;

use super::{CATEGORIES, Files};

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    pub(super) path: Option<String>,
    pub(super) rule: String,
    place: [u32; 4],
    message: String,
}

impl Line {
    /// What has to agree.
    pub(super) fn key(&self) -> (&Option<String>, &str, u32) {
        (&self.path, &self.rule, self.place[0])
    }

    /// The same below a folder.
    pub(super) fn below(mut self, folder: &str) -> Self {
        self.path = self.path.map(|path| format!("{folder}{path}"));
        self
    }

    /// Tells whether it is about a file, or about a folder and the packages in it.
    pub(super) fn is_about(&self, name: &str) -> bool {
        match &self.path {
            Some(path) => path == name || path.starts_with(&format!("{name}/")),
            None => self.message.contains(name),
        }
    }
}

impl From<Violation> for Line {
    fn from(it: Violation) -> Self {
        let span = it.place();
        let place = [span.start_line, span.start_column, span.end_line, span.end_column];
        Self { path: it.file, rule: it.rule.to_owned(), place, message: it.message }
    }
}

/// What `buf breaking` finds in all categories, or what it can't compile.
pub(super) fn breaking(old: &Files, new: &Files) -> Result<Vec<Line>, Vec<Line>> {
    let names = CATEGORIES.join(",");
    breaking_with(old, new, &format!("version: v2\nbreaking:\n  use: [{names}]\n"))
}

/// What `buf breaking` finds with a `buf.yaml`, or what it can't compile.
pub(super) fn breaking_with(
    old: &Files,
    new: &Files,
    config: &str,
) -> Result<Vec<Line>, Vec<Line>> {
    let folder = tempfile::tempdir().expect("a folder");
    for (side, files) in [("old", old), ("new", new)] {
        let root = folder.path().join(side);
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        fs::write(root.join("buf.yaml"), config).expect("a file");
    }
    let args = ["breaking", ".", "--against", "../old", "--error-format", "json"];
    let output = run(&args, &folder.path().join("new"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 100)), "{errors}");
    let lines: Vec<_> = text.lines().map(line).collect();
    if lines.iter().any(|line| line.rule == "COMPILE") { Err(lines) } else { Ok(lines) }
}

/// Rules of `buf`, each with its categories.
pub(super) fn rules() -> BTreeMap<String, BTreeSet<String>> {
    let args = ["config", "ls-breaking-rules", "--version", "v2", "--format", "json"];
    let output = run(&args, Path::new("."));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rule = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).expect("an object a line");
        let categories = value["categories"].as_array().into_iter().flatten();
        let categories = categories.map(|it| it.as_str().unwrap_or_default().to_owned());
        (value["id"].as_str().unwrap_or_default().to_owned(), categories.collect())
    };
    text.lines().map(rule).collect()
}

fn line(text: &str) -> Line {
    let value: serde_json::Value = serde_json::from_str(text).expect("an object a line");
    let number =
        |key: &str| u32::try_from(value[key].as_u64().unwrap_or(1)).expect("a small number");
    let word = |key: &str| value[key].as_str().map(str::to_owned);
    Line {
        path: word("path"),
        rule: word("type").unwrap_or_default(),
        place: ["start_line", "start_column", "end_line", "end_column"].map(number),
        message: word("message").unwrap_or_default(),
    }
}

fn run(args: &[&str], folder: &Path) -> Output {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let installed = here.join("../.tools/bin/buf");
    let program = if installed.is_file() { installed } else { PathBuf::from("buf") };
    let output = Command::new(program).args(args).current_dir(folder).output();
    output.expect("`buf` is missing; run `cargo xtask tools`")
}
