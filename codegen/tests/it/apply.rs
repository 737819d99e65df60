use std::fs;
use std::path::Path;

use bodybroker_codegen::apply::{Kind, Mode, Report, apply};
use bodybroker_codegen::emit::{Files, MARKER};
use tempfile::TempDir;

fn marked(text: &str) -> String {
    format!("// {MARKER} from a test.\n{text}\n")
}

fn files(paths: &[(&str, &str)]) -> Files {
    let mut files = Files::default();
    for (path, text) in paths {
        files.add(*path, marked(text));
    }
    files
}

fn run(files: &Files, root: &Path, mode: Mode) -> Report {
    apply(files, root, mode).expect("the folder can be written")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

fn kinds(report: &Report) -> Vec<(&str, Kind)> {
    report.changes.iter().map(|change| (change.path.as_str(), change.kind)).collect()
}

#[test]
fn a_folder_that_is_missing_is_made() {
    let root = folder();
    let out = root.path().join("generated");
    let files = files(&[("a/b.rs", "b"), ("c.rs", "c")]);
    let report = run(&files, &out, Mode::Write);
    assert_eq!(kinds(&report), [("a/b.rs", Kind::Missing), ("c.rs", Kind::Missing)]);
    assert!(run(&files, &out, Mode::Check).is_clean());
}

#[test]
fn a_check_writes_nothing() {
    let root = folder();
    let report = run(&files(&[("a.rs", "a")]), root.path(), Mode::Check);
    assert_eq!(report.count(Kind::Missing), 1);
    assert_eq!(fs::read_dir(root.path()).expect("the folder is there").count(), 0);
}

#[test]
fn any_byte_that_changes_is_noticed_and_shown() {
    let root = folder();
    let files = files(&[("a.rs", "one\ntwo")]);
    run(&files, root.path(), Mode::Write);
    let whole = fs::read(root.path().join("a.rs")).expect("the file is there");
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(root.path().join("a.rs"), changed).expect("the file can be written");
        let report = run(&files, root.path(), Mode::Check);
        assert_eq!(kinds(&report), [("a.rs", Kind::Stale)], "byte {at}");
        assert!(report.changes[0].diff().contains("+++ b/a.rs") || at == 0, "byte {at}");
    }
}

#[test]
fn an_unchanged_file_keeps_its_time() {
    let root = folder();
    run(&files(&[("a.rs", "a"), ("b.rs", "b")]), root.path(), Mode::Write);
    let modified = |name: &str| {
        let metadata = fs::metadata(root.path().join(name)).expect("the file is there");
        metadata.modified().expect("the system keeps times")
    };
    let past = modified("a.rs") - std::time::Duration::from_mins(1);
    for name in ["a.rs", "b.rs"] {
        let file =
            fs::File::options().append(true).open(root.path().join(name)).expect("the file opens");
        file.set_modified(past).expect("the time can be set");
    }
    let report = run(&files(&[("a.rs", "a"), ("b.rs", "changed")]), root.path(), Mode::Write);
    assert_eq!(report.unchanged, 1);
    assert_eq!(modified("a.rs"), past);
    assert!(modified("b.rs") > past);
}

#[test]
fn a_stale_file_goes_with_its_empty_folder_and_a_stranger_stays() {
    let root = folder();
    run(&files(&[("old/deep/a.rs", "a"), ("kept/b.rs", "b")]), root.path(), Mode::Write);
    fs::write(root.path().join("kept/notes.md"), "mine").expect("the file can be written");
    let report = run(&files(&[("kept/b.rs", "b")]), root.path(), Mode::Write);
    assert_eq!(kinds(&report), [("kept/notes.md", Kind::Foreign), ("old/deep/a.rs", Kind::Extra)]);
    assert!(!root.path().join("old").exists());
    assert!(root.path().join("kept/notes.md").exists());
    let report = run(&files(&[("kept/b.rs", "b")]), root.path(), Mode::Check);
    assert_eq!(kinds(&report), [("kept/notes.md", Kind::Foreign)]);
}

#[test]
fn what_a_killed_run_has_staged_is_taken_over_or_goes() {
    let root = folder();
    let path = |name: &str| root.path().join(name);
    run(&files(&[("a.rs", "old"), ("b.rs", "b"), ("z.rs", "z")]), root.path(), Mode::Write);
    // One complete, of a file that is stale; one torn, of a file that isn't.
    fs::write(path("a.rs.new"), marked("new")).expect("the file can be written");
    fs::write(path("b.rs.new"), "//").expect("the file can be written");
    let files = files(&[("a.rs", "new"), ("b.rs", "b")]);
    let report = run(&files, root.path(), Mode::Write);
    let extra = |path| (path, Kind::Extra);
    let expected = [("a.rs", Kind::Stale), extra("a.rs.new"), extra("b.rs.new"), extra("z.rs")];
    assert_eq!(kinds(&report), expected);
    assert!(run(&files, root.path(), Mode::Check).is_clean());
    assert_eq!(fs::read(path("a.rs")).expect("the file is there"), marked("new").as_bytes());
}

#[test]
fn nothing_is_written_when_one_file_cannot_be() {
    let root = folder();
    fs::write(root.path().join("b"), "a file where a folder should be")
        .expect("the file can be written");
    let failure = apply(&files(&[("a.rs", "a"), ("b/c.rs", "c")]), root.path(), Mode::Write);
    assert!(failure.is_err());
    let left: Vec<_> = fs::read_dir(root.path()).expect("the folder is there").flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}
