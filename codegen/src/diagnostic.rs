//! Mistakes in a schema, each with its place and what to do about it.

mod render;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Rule that found it, such as `SUBJECT_FIELD_KNOWN`.
    pub rule: &'static str,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where it is.
    pub label: Label,
    /// Other places that matter, in this file or another.
    pub related: Vec<Label>,
}

/// A place in a file and a word about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// File, relative to the root of the schemas.
    pub file: String,
    /// Bytes of the file; an empty range stands for the file as a whole.
    pub span: Range<usize>,
    /// What is there, such as `defined here`.
    pub text: String,
}

/// Every mistake of one run, sorted by place. Its `Display` is one line a finding.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    list: Vec<Finding>,
    sources: BTreeMap<String, Arc<str>>,
}

impl Finding {
    /// States a mistake at a place.
    pub(crate) fn new(rule: &'static str, message: impl Into<String>, place: Place) -> Self {
        let Place { file, span } = place;
        let label = Label { file, span, text: "here".to_owned() };
        Self { rule, message: message.into(), help: None, label, related: Vec::new() }
    }

    /// Says what to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what is at the place, instead of `here`.
    pub(crate) fn label(mut self, text: impl Into<String>) -> Self {
        self.label.text = text.into();
        self
    }

    /// Points at another place as well.
    pub(crate) fn related(mut self, place: Place, text: impl Into<String>) -> Self {
        let Place { file, span } = place;
        self.related.push(Label { file, span, text: text.into() });
        self
    }
}

impl Finding {
    /// Tells whether this is where the mistake is.
    pub(crate) fn is_at(&self, place: &Place) -> bool {
        self.label.file == place.file && self.label.span == place.span
    }
}

/// A range of bytes in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// File, relative to the root of the schemas.
    pub(crate) file: String,
    /// Bytes of the file.
    pub(crate) span: Range<usize>,
}

impl Place {
    /// Stands for a file as a whole.
    pub(crate) fn file(name: impl Into<String>) -> Self {
        Self { file: name.into(), span: 0..0 }
    }
}

impl Findings {
    pub(crate) fn new(mut list: Vec<Finding>, sources: BTreeMap<String, Arc<str>>) -> Self {
        list.sort_by(|a, b| {
            let key = |finding: &Finding| {
                (finding.label.file.clone(), finding.label.span.start, finding.label.span.end)
            };
            key(a).cmp(&key(b)).then_with(|| (a.rule, &a.message).cmp(&(b.rule, &b.message)))
        });
        list.dedup();
        Self { list, sources }
    }

    /// Goes through the findings in order of their places.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.list.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The text of a file that was read.
    #[must_use]
    pub fn text(&self, file: &str) -> Option<&str> {
        self.sources.get(file).map(|text| &**text)
    }

    /// Line and column of a label, both from 1, the column in characters.
    #[must_use]
    pub fn position(&self, label: &Label) -> (usize, usize) {
        let text = self.sources.get(&label.file).map_or("", |text| &**text);
        let before = &text[..floor(text, label.span.start)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.list.iter().enumerate() {
            let (line, column) = self.position(&finding.label);
            let Finding { rule, message, help, label, .. } = finding;
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{}:{line}:{column}: {message} [{rule}]", label.file)?;
            if let Some(help) = help {
                write!(f, "; {help}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Findings {}

/// The nearest character boundary at or before an offset.
fn floor(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
