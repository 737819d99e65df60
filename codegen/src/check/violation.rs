//! What breaks a rule: the shape that `breaking` and `lint` share.

use std::cmp::Ordering;

/// One place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Rule that it breaks, such as `FIELD_SAME_TYPE`.
    pub rule: &'static str,
    /// File, relative to the root of the schemas; `None` where nothing remains to point at.
    pub file: Option<String>,
    /// Where it is in the file; `None` stands for the file as a whole.
    pub span: Option<Span>,
    /// What is wrong, in buf's words where buf has the rule.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Callers, consumers and routes that notice.
    pub hurt: Vec<String>,
}

/// Lines and columns of a thing, all from 1, the end one past the last column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Line of the first character.
    pub start_line: u32,
    /// Column of the first character.
    pub start_column: u32,
    /// Line of the last character.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
}

impl Span {
    /// Stands for a file as a whole.
    pub const FILE: Self = Self { start_line: 1, start_column: 1, end_line: 1, end_column: 1 };
}

impl Violation {
    /// States that a file breaks a rule, somewhere or as a whole.
    #[must_use]
    pub fn new(
        rule: &'static str,
        file: impl Into<String>,
        span: Option<Span>,
        message: impl Into<String>,
    ) -> Self {
        Self { file: Some(file.into()), span, ..Self::nowhere(rule, message) }
    }

    /// States that a rule is broken where nothing remains to point at.
    #[must_use]
    pub fn nowhere(rule: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { rule, file: None, span: None, message, help: None, hurt: Vec::new() }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says who notices.
    #[must_use]
    pub fn hurt(mut self, hurt: impl IntoIterator<Item = String>) -> Self {
        self.hurt.extend(hurt);
        self
    }

    /// The place that is printed.
    #[must_use]
    pub fn place(&self) -> Span {
        self.span.unwrap_or(Span::FILE)
    }
}

/// Puts violations in the order in which they are printed, each once: by file, place, rule and message.
pub fn sort(violations: &mut Vec<Violation>) {
    violations.sort_by(compare);
    violations.dedup_by(|a, b| compare(a, b) == Ordering::Equal);
}

fn compare(a: &Violation, b: &Violation) -> Ordering {
    let (place, other) = (a.place(), b.place());
    a.file
        .cmp(&b.file)
        .then_with(|| {
            (place.start_line, place.start_column).cmp(&(other.start_line, other.start_column))
        })
        .then_with(|| (a.rule, &a.message).cmp(&(b.rule, &b.message)))
        .then_with(|| (place.end_line, place.end_column).cmp(&(other.end_line, other.end_column)))
}
