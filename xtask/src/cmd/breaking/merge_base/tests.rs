use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

const OLD: &str = "syntax = \"proto3\";\nmessage Old {}\n";

/// A repository with a name for each of its commits.
struct Repository {
    folder: TempDir,
}

impl Repository {
    /// An empty one, on the branch `main`.
    fn new() -> Self {
        let repository = Self { folder: tempfile::tempdir().expect("a folder") };
        repository.git(&["init", "-q", "-b", "main"]);
        repository
    }

    /// One with two commits.
    fn grown() -> Self {
        let repository = Self::new();
        repository.commit("first");
        repository.commit("second");
        repository
    }

    fn clone(&self, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // Without the scheme, git copies the files and leaves nothing out.
        let url = format!("file://{}", self.folder.path().display());
        let args = [&["clone", "-q"], args, &[&url, "."]].concat();
        git::ask(folder.path(), &args).expect("a clone");
        Self { folder }
    }

    fn git(&self, args: &[&str]) -> String {
        let person = ["-c", "user.name=x", "-c", "user.email=x@x"];
        git::ask(self.folder.path(), &[&person, args].concat()).expect("git")
    }

    fn proto(&self) -> PathBuf {
        let proto = self.folder.path().join("proto");
        std::fs::create_dir_all(&proto).expect("a folder");
        proto
    }

    /// Changes the schemas.
    fn write(&self, word: &str) {
        let text = format!("{OLD}// {word}\n");
        std::fs::write(self.proto().join("a.proto"), text).expect("a file");
    }

    /// Changes the schemas and commits them under a tag.
    fn commit(&self, tag: &str) {
        self.write(tag);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-qm", tag]);
        self.git(&["tag", tag]);
    }

    /// The tag of the commit that is compared with, and why.
    fn base(&self, target: Target<'_>, ci: &Ci) -> Result<(String, String), String> {
        let base = find(&self.proto(), target, ci).map_err(|error| error.to_string())?;
        let tag = self.git(&["describe", "--tags", "--exact-match", &base.commit]);
        Ok((tag, base.what))
    }

    fn start(&self) -> Result<(String, String), String> {
        self.base(Target::Usual, &Ci::default())
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with what may have failed")]
fn because(tag: &str, what: &str) -> Result<(String, String), String> {
    Ok((tag.to_owned(), what.to_owned()))
}

#[test]
fn a_branch_is_compared_with_where_it_left() {
    let repository = Repository::grown();
    repository.git(&["checkout", "-qb", "change"]);
    repository.commit("mine");
    repository.git(&["checkout", "-q", "main"]);
    repository.commit("theirs");
    repository.git(&["checkout", "-q", "change"]);
    assert_eq!(repository.start(), because("second", "the merge base with main"));
    repository.write("not committed");
    assert_eq!(repository.start(), because("second", "the merge base with main"));

    // Pushed under its own name it still goes to where it left.
    repository.git(&["checkout", "-qf", "main"]);
    let clone = repository.clone(&["-b", "change"]);
    assert_eq!(clone.git(&["rev-parse", "--abbrev-ref", "@{upstream}"]), "origin/change");
    assert_eq!(clone.start(), because("second", "the merge base with origin/HEAD"));
}

#[test]
fn a_branch_that_follows_another_goes_there() {
    let repository = Repository::grown();
    repository.git(&["checkout", "-qb", "release", "first"]);
    repository.commit("released");
    let clone = repository.clone(&["-b", "main"]);
    clone.git(&["checkout", "-qb", "fix", "--track", "origin/release"]);
    clone.commit("fixed");
    assert_eq!(clone.start(), because("released", "the merge base with origin/release"));
    let named = clone.base(Target::Branch("main"), &Ci::default());
    assert_eq!(named, because("first", "the merge base with main"));
}

#[test]
fn the_main_branch_is_compared_with_its_last_state() {
    let clone = Repository::grown().clone(&[]);
    assert_eq!(clone.start(), because("first", "the commit before the last"));
    clone.write("not committed");
    assert_eq!(clone.start(), because("second", "the last commit"));
    clone.commit("third");
    assert_eq!(clone.start(), because("second", "the merge base with origin/HEAD"));
    clone.git(&["checkout", "-q", "--detach", "second"]);
    assert_eq!(clone.start(), because("first", "the commit before the last"));
}

#[test]
fn a_push_is_compared_with_what_was_there_before() {
    let repository = Repository::grown();
    repository.commit("third");
    let clone = repository.clone(&[]);
    let push = |before: &str| Ci { before: Some(before.to_owned()), ..Ci::default() };
    let before = clone.git(&["rev-parse", "first"]);
    assert_eq!(
        clone.base(Target::Usual, &push(&before)),
        because("first", "the commit before the push")
    );
    // A new branch, and one whose old commits nobody has any more.
    for gone in ["0".repeat(40), "1".repeat(40)] {
        let found = clone.base(Target::Usual, &push(&gone));
        assert_eq!(found, because("second", "the commit before the last"));
    }
}

#[test]
fn a_pull_request_is_compared_with_the_branch_it_goes_to() {
    let repository = Repository::grown();
    repository.git(&["checkout", "-qb", "change", "first"]);
    repository.commit("mine");
    let clone = repository.clone(&[]);
    clone.git(&["checkout", "-q", "--detach"]);
    let pull = |target: &str| Ci { target: Some(target.to_owned()), ..Ci::default() };
    assert_eq!(
        clone.base(Target::Usual, &pull("main")),
        because("first", "the merge base with origin/main")
    );
    let missing = clone.base(Target::Usual, &pull("other"));
    assert_eq!(missing, Err("there is no branch `other`".to_owned()));
}

#[test]
fn a_shallow_clone_names_the_fetch_that_is_missing() {
    let repository = Repository::grown();
    repository.git(&["checkout", "-qb", "change"]);
    repository.commit("mine");
    repository.git(&["checkout", "-q", "main"]);
    let wrong = |it: Result<(String, String), String>| it.expect_err("too shallow");
    let main = repository.clone(&["--depth", "1", "-b", "main", "--no-tags"]);
    let error = find(&main.proto(), Target::Usual, &Ci::default()).expect_err("too shallow");
    assert!(error.downcast_ref::<Nothing>().is_some_and(|it| it.elsewhere), "{error}");
    let words = error.to_string();
    assert!(
        words.starts_with("the commit before the last is not in this shallow clone"),
        "{words}"
    );

    let change = repository.clone(&["--depth", "1", "-b", "change"]);
    let pull = Ci { target: Some("main".to_owned()), ..Ci::default() };
    let words = wrong(change.base(Target::Usual, &pull));
    assert!(words.starts_with("the branch main is not in this shallow clone"), "{words}");
    let command = words.split('`').nth(1).expect("a command").replace('\'', "");
    let command: Vec<_> = command.split(' ').skip(1).collect();
    change.git(&command);
    assert_eq!(
        change.base(Target::Usual, &pull),
        because("second", "the merge base with origin/main")
    );

    let both = repository.clone(&["--depth", "1", "-b", "change", "--no-single-branch"]);
    let words = wrong(both.start());
    assert!(words.starts_with("what HEAD and origin/HEAD have in common is not"), "{words}");
}

#[test]
fn where_nothing_was_there_is_nothing_to_compare_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = find(folder.path(), Target::Usual, &Ci::default()).expect_err("no repository");
    assert!(error.to_string().ends_with("is in no git repository"), "{error}");
    assert!(error.downcast_ref::<Nothing>().is_some_and(|it| !it.elsewhere), "{error}");

    let repository = Repository::new();
    assert_eq!(repository.start(), Err("there is no commit yet".to_owned()));
    repository.git(&["commit", "-q", "--allow-empty", "-m", "nothing"]);
    assert_eq!(repository.start(), Err("there is one commit only".to_owned()));
    repository.commit("first");
    let words = repository.start().expect_err("no schemas");
    assert!(words.starts_with("there were no schemas in "), "{words}");
}

#[test]
fn strangers_have_nothing_in_common() {
    let repository = Repository::grown();
    repository.git(&["checkout", "-q", "--orphan", "change"]);
    repository.commit("mine");
    let words = repository.start().expect_err("no common history");
    assert_eq!(words, "there is nothing that HEAD and main have in common");
}

#[test]
fn a_merge_base_is_asked_for_by_name() {
    assert_eq!(Target::parse("merge-base"), Some(Target::Usual));
    assert_eq!(Target::parse("merge-base:release/2"), Some(Target::Branch("release/2")));
    assert_eq!(["main", "merge-bases", "merge-base:"].map(Target::parse), [None; 3]);
}
