//! What breaks a rule: the shape that `breaking` and `lint` share.

use std::cmp::Ordering;

use crate::diagnostic::{Finding, Findings, Label};

/// One place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Rule that it breaks, such as `FIELD_SAME_TYPE`.
    pub rule: &'static str,
    /// Full name of what it is about, if that is known; the path of a file that it is about as a whole.
    pub element: Option<String>,
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
        let hurt = Vec::new();
        Self { rule, element: None, file: None, span: None, message, help: None, hurt }
    }

    /// Names what it is about.
    #[must_use]
    pub fn about(mut self, element: impl Into<String>) -> Self {
        self.element = Some(element.into());
        self
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

/// Name of what is not a rule: a schema that doesn't compile.
const COMPILE: &str = "COMPILE";

/// Turns the mistakes of schemas that don't compile into violations; nothing if there is something that can't even be
/// read.
#[must_use]
pub fn of_findings(findings: &Findings) -> Option<Vec<Violation>> {
    if findings.iter().any(|finding| finding.rule == "FILE_READABLE") {
        return None;
    }
    let violation = |finding: &Finding| {
        let Finding { message, help, label, rule: _, related: _ } = finding;
        let place = |label: &Label| {
            let (line, column) = findings.position(label);
            (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
        };
        let end = Label { span: label.span.end..label.span.end, ..label.clone() };
        let ((start_line, start_column), (end_line, end_column)) = (place(label), place(&end));
        let span = Span { start_line, start_column, end_line, end_column };
        let violation = Violation::new(COMPILE, label.file.as_str(), Some(span), message.as_str());
        Violation { help: help.clone(), ..violation }
    };
    let mut violations: Vec<_> = findings.iter().map(violation).collect();
    sort(&mut violations);
    Some(violations)
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
