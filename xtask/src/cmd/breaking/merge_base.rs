//! The state that a change started from.

use std::fmt;
use std::path::Path;

use anyhow::Context as _;

use crate::git;

/// How it is asked for; `merge-base:<branch>` names the branch that the change goes to.
pub(super) const NAME: &str = "merge-base";

/// Branches that a change may go to, if nobody says which.
const BRANCHES: &[&str] = &["origin/HEAD", "origin/main", "origin/master", "main", "master"];

/// A state to compare with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Base {
    /// Commit.
    pub(crate) commit: String,
    /// What it is to the change, such as `merge base with origin/main`.
    pub(crate) what: String,
}

/// Why there is no state to compare with. It is nobody's mistake, but it isn't an answer either.
#[derive(Debug)]
pub(crate) struct Nothing {
    words: String,
    /// Whether there is one, and it only wasn't fetched.
    pub(crate) elsewhere: bool,
}

/// The branch that a change goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// Whichever it is for a change in this repository.
    Usual,
    /// The one that was named.
    Branch(&'a str),
}

/// What a build server knows of the change.
#[derive(Debug, Default)]
pub(crate) struct Ci {
    /// Branch that a pull request goes to.
    target: Option<String>,
    /// Commit that a push started from.
    before: Option<String>,
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.commit.get(..12).unwrap_or(&self.commit), self.what)
    }
}

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for Nothing {}

impl Nothing {
    fn nowhere(words: impl Into<String>) -> anyhow::Error {
        Self { words: words.into(), elsewhere: false }.into()
    }

    fn elsewhere(what: &str) -> anyhow::Error {
        let words = format!(
            "{what} is not in this shallow clone; run `git fetch --unshallow origin \
             '+refs/heads/*:refs/remotes/origin/*'`, or give actions/checkout `fetch-depth: 0`"
        );
        Self { words, elsewhere: true }.into()
    }
}

impl Ci {
    /// Reads what GitHub says.
    pub(crate) fn here() -> Self {
        let word = |name| std::env::var_os(name).and_then(|it| it.into_string().ok());
        let push = word("GITHUB_EVENT_NAME").is_some_and(|it| it == "push");
        let event = word("GITHUB_EVENT_PATH").filter(|_| push);
        let event = event.and_then(|path| std::fs::read(path).ok());
        let event = event.and_then(|it| serde_json::from_slice::<serde_json::Value>(&it).ok());
        Self {
            target: word("GITHUB_BASE_REF").filter(|it| !it.is_empty()),
            before: event.and_then(|it| Some(it.get("before")?.as_str()?.to_owned())),
        }
    }
}

impl<'a> Target<'a> {
    /// Reads a baseline; nothing if it is no merge base.
    pub(crate) fn parse(baseline: &'a str) -> Option<Self> {
        match baseline.strip_prefix(NAME)? {
            "" => Some(Self::Usual),
            rest => rest.strip_prefix(':').filter(|it| !it.is_empty()).map(Self::Branch),
        }
    }
}

/// Finds the state that the schemas of a folder started from: where they left the branch that they go to, or what that
/// branch was before, if they are on it already.
pub(crate) fn find(folder: &Path, target: Target<'_>, ci: &Ci) -> anyhow::Result<Base> {
    let base = start(folder, target, ci)?;
    // Below a folder, git lists that folder alone.
    let listed = git::ask(folder, &["ls-tree", "-r", "-z", "--name-only", &base.commit, "."])?;
    let is_schema = |name: &str| Path::new(name).extension().is_some_and(|it| it == "proto");
    if !listed.split('\0').any(is_schema) {
        return Err(Nothing::nowhere(format!("there were no schemas in {base}")));
    }
    Ok(base)
}

fn start(folder: &Path, target: Target<'_>, ci: &Ci) -> anyhow::Result<Base> {
    let base = |commit: String, what: &str| Ok(Base { commit, what: what.to_owned() });
    let Some(head) = head(folder)? else { return Err(Nothing::nowhere("there is no commit yet")) };
    let shallow = git::ask(folder, &["rev-parse", "--is-shallow-repository"])? == "true";
    if let Some(branch) = find_branch(folder, target, ci, shallow)? {
        let Ok(fork) = git::ask(folder, &["merge-base", &head, &branch]) else {
            let what = format!("what HEAD and {branch} have in common");
            anyhow::ensure!(shallow, "there is nothing that HEAD and {branch} have in common");
            return Err(Nothing::elsewhere(&what));
        };
        if fork != head {
            return base(fork, &format!("the merge base with {branch}"));
        }
    }
    // Nothing was committed on top of the branch, so that its own last change is the one to judge.
    if !git::ask(folder, &["status", "--porcelain", "--", "."])?.is_empty() {
        return base(head, "the last commit");
    }
    if let Some(before) = &ci.before {
        let found = git::commit(folder, before);
        let is_older =
            |it: &String| git::ask(folder, &["merge-base", "--is-ancestor", it, &head]).is_ok();
        match found.filter(is_older) {
            Some(before) => return base(before, "the commit before the push"),
            // Zeros stand for a branch that is new.
            None if shallow && before.contains(|it| it != '0') => {
                return Err(Nothing::elsewhere("the commit before the push"));
            }
            None => {}
        }
    }
    match git::commit(folder, "HEAD^1") {
        Some(parent) => base(parent, "the commit before the last"),
        None if shallow => Err(Nothing::elsewhere("the commit before the last")),
        None => Err(Nothing::nowhere("there is one commit only")),
    }
}

/// The commit that is checked out; nothing where there is none.
fn head(folder: &Path) -> anyhow::Result<Option<String>> {
    if let Err(error) = git::ask(folder, &["rev-parse", "--git-dir"]) {
        let words = error.to_string();
        if words.contains("not a git repository") {
            return Err(Nothing::nowhere(format!("{} is in no git repository", folder.display())));
        }
        let installed = error.downcast_ref::<std::io::Error>().is_none();
        return Err(if installed { error } else { Nothing::nowhere(words) });
    }
    Ok(git::commit(folder, "HEAD"))
}

/// The branch that the change goes to, if that can be told.
fn find_branch(
    folder: &Path,
    target: Target<'_>,
    ci: &Ci,
    shallow: bool,
) -> anyhow::Result<Option<String>> {
    let there = |name: &str| git::commit(folder, name).is_some();
    let named = match target {
        Target::Usual => {
            ci.target.as_deref().map(|name| (name, [format!("origin/{name}"), name.to_owned()]))
        }
        Target::Branch(name) => Some((name, [name.to_owned(), format!("origin/{name}")])),
    };
    // On a build server a local branch of that name, if any, is older.
    if let Some((name, places)) = named {
        let found = places.into_iter().find(|name| there(name));
        if found.is_none() && shallow {
            return Err(Nothing::elsewhere(&format!("the branch {name}")));
        }
        return found.map(Some).with_context(|| format!("there is no branch `{name}`"));
    }
    let word = |args: &[&str]| git::ask(folder, args).ok();
    let upstream = word(&["rev-parse", "--abbrev-ref", "@{upstream}"]);
    let own = word(&["rev-parse", "--abbrev-ref", "HEAD"]).unwrap_or_default();
    // Where a branch is pushed under its own name it keeps what is pushed, and goes somewhere else.
    let upstream = upstream.filter(|it| it.split_once('/').map_or(&**it, |(_, it)| it) != own);
    Ok(upstream.or_else(|| BRANCHES.iter().find(|it| there(it)).map(|it| (*it).to_owned())))
}

#[cfg(test)]
mod tests;
