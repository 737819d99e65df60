//! What a team has chosen: `buf.yaml` version 2, found in the folder of schemas or above it.

mod file;

pub(super) use file::first_line;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Name of the file.
const NAME: &str = "buf.yaml";

/// Choices for one folder of schemas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The file, if there is one.
    pub path: Option<PathBuf>,
    /// Folder that holds the schemas, if the file names another than the one that was asked about.
    pub root: Option<PathBuf>,
    /// Folders and files of the module that are no part of it, relative to the root.
    pub excludes: Vec<String>,
    /// Choices for `lint`.
    pub lint: Lint,
    /// Choices for `breaking`.
    pub breaking: Breaking,
}

/// Which rules judge, and where they don't.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Rules and categories that judge; empty for the defaults.
    pub use_: Vec<String>,
    /// Rules and categories that don't after all.
    pub except: Vec<String>,
    /// Folders and files that no rule judges, relative to the root.
    pub ignore: Vec<String>,
    /// Folders and files that a rule or a category doesn't judge.
    pub ignore_only: BTreeMap<String, Vec<String>>,
}

/// Choices for `lint`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of buf.yaml")]
pub struct Lint {
    /// Which rules judge, and where.
    pub selection: Selection,
    /// Whether `// buf:lint:ignore` means nothing.
    pub disallow_comment_ignores: bool,
    /// How the name of a zero value ends.
    pub enum_zero_value_suffix: String,
    /// Whether a method may have one type for both.
    pub rpc_allow_same_request_response: bool,
    /// Whether any method may take `google.protobuf.Empty`.
    pub rpc_allow_google_protobuf_empty_requests: bool,
    /// Whether any method may answer with `google.protobuf.Empty`.
    pub rpc_allow_google_protobuf_empty_responses: bool,
    /// How the name of a service ends.
    pub service_suffix: String,
}

/// Choices for `breaking`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breaking {
    /// Which rules judge, and where.
    pub selection: Selection,
    /// Whether packages such as `v1alpha1` may break.
    pub ignore_unstable_packages: bool,
}

/// Why the choices can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(String);

impl Default for Lint {
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            disallow_comment_ignores: false,
            enum_zero_value_suffix: "_UNSPECIFIED".to_owned(),
            rpc_allow_same_request_response: false,
            rpc_allow_google_protobuf_empty_requests: false,
            rpc_allow_google_protobuf_empty_responses: false,
            service_suffix: "Service".to_owned(),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    pub(super) fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

impl Config {
    /// Finds the choices for a folder of schemas, in it or above it; the defaults if there are none.
    pub fn find(folder: &Path) -> Result<Self, ConfigError> {
        let full = fs::canonicalize(folder)
            .map_err(|error| ConfigError(format!("{} can't be read: {error}", folder.display())))?;
        let Some(home) = full.ancestors().find(|home| home.join(NAME).is_file()) else {
            return Ok(Self::default());
        };
        let path = home.join(NAME);
        let at = |error: String| ConfigError(format!("{}: {error}", path.display()));
        let text = fs::read_to_string(&path).map_err(|error| at(error.to_string()))?;
        let inside = full.strip_prefix(home).map_err(|error| at(error.to_string()))?;
        let inside = inside.to_string_lossy().replace('\\', "/");
        let mut config = Self::parse(&text, &inside).map_err(|error| at(error.0))?;
        config.root = config.root.map(|root| home.join(root));
        config.path = Some(path);
        Ok(config)
    }

    /// Reads the text of a `buf.yaml` for the folder `inside`, relative to the one that holds the file.
    pub fn parse(text: &str, inside: &str) -> Result<Self, ConfigError> {
        file::parse(text)?.config(inside)
    }
}

impl Selection {
    /// Of the rules that a table lists (name, categories, whether it judges by default), those that judge.
    pub fn choose(
        &self,
        table: &[(&'static str, &'static [&'static str], bool)],
    ) -> Result<BTreeSet<&'static str>, ConfigError> {
        let mut chosen: BTreeSet<_> = if self.use_.is_empty() {
            table.iter().filter(|(_, _, default)| *default).map(|(id, _, _)| *id).collect()
        } else {
            expand(&self.use_, table)?
        };
        for rule in expand(&self.except, table)? {
            chosen.remove(rule);
        }
        // A name that is unknown is a mistake even where it stands for nothing.
        expand(self.ignore_only.keys(), table)?;
        Ok(chosen)
    }

    /// Tells whether a rule doesn't judge a file.
    #[must_use]
    pub fn ignores(&self, rule: &str, categories: &[&str], file: &str) -> bool {
        let covers = |paths: &[String]| paths.iter().any(|path| covers(path, file));
        covers(&self.ignore)
            || self.ignore_only.iter().any(|(name, paths)| {
                (name == rule || categories.contains(&name.as_str())) && covers(paths)
            })
    }
}

/// Tells whether a path is a file, or a folder around it.
#[must_use]
pub fn covers(path: &str, file: &str) -> bool {
    path == "."
        || file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn expand<'a>(
    names: impl IntoIterator<Item = &'a String>,
    table: &[(&'static str, &'static [&'static str], bool)],
) -> Result<BTreeSet<&'static str>, ConfigError> {
    let mut rules = BTreeSet::new();
    for name in names.into_iter().filter(|name| !name.is_empty()) {
        let before = rules.len();
        let found = table
            .iter()
            .filter(|(id, categories, _)| id == name || categories.contains(&name.as_str()));
        let mut known = false;
        for (id, _, _) in found {
            known = true;
            rules.insert(*id);
        }
        if !known && rules.len() == before {
            return Err(ConfigError(format!("\"{name}\" is not a known rule or category id")));
        }
    }
    Ok(rules)
}

#[cfg(test)]
mod tests;
