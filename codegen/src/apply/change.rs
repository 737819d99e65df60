//! A file that is not as generated.

use std::fmt;

use similar::TextDiff;

/// A file that is not as generated.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Path below the output root, with `/` between folders.
    pub path: String,
    /// In what way it differs.
    pub kind: Kind,
    old: Vec<u8>,
    new: Vec<u8>,
}

/// In what way a file differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It isn't there.
    Missing,
    /// Its content is another.
    Stale,
    /// It was generated once, and no longer is.
    Extra,
    /// Somebody put it there by hand.
    Foreign,
}

impl Change {
    pub(super) fn new(path: &str, kind: Kind, old: Vec<u8>, new: Vec<u8>) -> Self {
        Self { path: path.to_owned(), kind, old, new }
    }

    /// Shows what changes, as a unified diff; bytes that are no text are counted only.
    #[must_use]
    pub fn diff(&self) -> String {
        let (Ok(old), Ok(new)) = (std::str::from_utf8(&self.old), std::str::from_utf8(&self.new))
        else {
            return format!("{}: {} bytes become {}\n", self.path, self.old.len(), self.new.len());
        };
        let (before, after) = (format!("a/{}", self.path), format!("b/{}", self.path));
        let before = if self.kind == Kind::Missing { "/dev/null" } else { &before };
        let after =
            if matches!(self.kind, Kind::Extra | Kind::Foreign) { "/dev/null" } else { &after };
        TextDiff::from_lines(old, new).unified_diff().header(before, after).to_string()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::Missing => "is missing",
            Kind::Stale => "is stale",
            Kind::Extra => "is no longer generated",
            Kind::Foreign => "was not generated: move it elsewhere",
        };
        write!(f, "{} {what}", self.path)
    }
}
