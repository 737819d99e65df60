//! Turns what protox and prost-reflect report into findings.

use std::ops::Range;

use miette::Diagnostic;
use prost_reflect::text_format::ParseError;

use crate::diagnostic::{Finding, Place};
use crate::schema::scan::{Kind, Tokens};

/// Reports of one file that are shown: a parser that has lost its way can find something wrong with every byte, and each
/// is drawn with its line.
const RELATED_MAX: usize = 100;

/// What to do about a report that doesn't say it itself: words of the report, and advice.
const HELP: &[(&str, &str)] = &[
    ("reached end of", "close what is open: a brace, a string, a statement"),
    ("is not imported", "import the file that defines it"),
    ("is not defined", "define it, or import the file that does"),
    ("defined twice", "rename one of them"),
    ("already", "delete one of the two"),
    ("for option", "see the options file for the types of its fields"),
    ("for message", "see the options file for what can be set here"),
    ("for enum", "see the options file for its values"),
    ("option", "see the options file for what can be set here"),
    ("expected", "write what is expected there, or delete what is not"),
    ("", "see the language's specification, at protobuf.dev"),
];

/// Converts a diagnostic and all that are related to it.
pub(super) fn findings(
    rule: &'static str,
    file: &str,
    text: &str,
    error: &dyn Diagnostic,
) -> Vec<Finding> {
    let mut list = vec![finding(rule, file, text, error)];
    let related = error.related().into_iter().flatten().take(RELATED_MAX);
    list.extend(related.map(|error| finding(rule, file, text, error)));
    list
}

/// Where a diagnostic and all that are related to it point, as they say it themselves.
pub(super) fn spans(text: &str, error: &dyn Diagnostic) -> Vec<Range<usize>> {
    let related = error.related().into_iter().flatten();
    let last = |error: &dyn Diagnostic| error.labels()?.last();
    let labels = std::iter::once(last(error)).chain(related.map(last));
    labels.flatten().map(|label| range(text, &label)).collect()
}

fn range(text: &str, label: &miette::LabeledSpan) -> Range<usize> {
    let start = label.offset().min(text.len());
    start..(start + label.len()).min(text.len())
}

fn finding(rule: &'static str, file: &str, text: &str, error: &dyn Diagnostic) -> Finding {
    let mut labels: Vec<_> = error.labels().into_iter().flatten().collect();
    // Of two labels, the later one is the mistake: the first is what it collides with.
    labels.reverse();
    let place = |span: Range<usize>| Place { file: file.to_owned(), span };
    let word = |label: &miette::LabeledSpan| label.label().unwrap_or("here").to_owned();
    let inner = error.source().and_then(|source| source.downcast_ref::<ParseError>());
    let mut labels = labels.iter();
    let first = labels.next();
    let span = first.map_or_else(
        || {
            let end = text.trim_end().len();
            end..end
        },
        |label| range(text, label),
    );
    let (message, span) = match inner {
        Some(inner) => (message(inner), inside(text, span, inner)),
        None => (message(error), span),
    };
    let mut finding = Finding::new(rule, message, place(span));
    if let Some(label) = first {
        finding = finding.label(word(label));
    }
    for label in labels {
        finding = finding.related(place(range(text, label)), word(label));
    }
    let said = error.help().map(|help| help.to_string());
    let help = said.unwrap_or_else(|| advice(&finding.message).to_owned());
    finding.help(help)
}

fn message(error: &dyn Diagnostic) -> String {
    error.to_string().replace('\'', "`")
}

fn advice(message: &str) -> &'static str {
    let known = HELP.iter().find(|(words, _)| message.contains(words));
    known.map_or("", |(_, advice)| advice)
}

/// Finds a mistake inside an option's braces. It is reported by its place in a copy of what is between them, which
/// has the same characters but other white space and no comments.
fn inside(text: &str, option: Range<usize>, error: &ParseError) -> Range<usize> {
    let label = error.labels().and_then(|mut labels| labels.next());
    let copy = error.source_code().and_then(|copy| {
        let all = miette::SourceSpan::from((0, 0));
        let contents = copy.read_span(&all, 0, usize::MAX).ok()?;
        String::from_utf8(contents.data().to_vec()).ok()
    });
    let (Some(label), Some(copy)) = (label, copy) else { return option };
    let weight = |kind: Kind, span: &Range<usize>| if kind == Kind::Word { span.len() } else { 1 };
    let before = Tokens::new(&copy, 0..label.offset().min(copy.len()));
    let before: usize = before.map(|token| weight(token.kind, &token.span)).sum();
    let mut tokens = Tokens::new(text, option.clone());
    let opened = tokens.by_ref().skip_while(|token| token.kind != Kind::Mark(b'=')).nth(1);
    if opened.is_none() {
        return option;
    }
    let mut seen = 0;
    for token in tokens {
        let weight = weight(token.kind, &token.span);
        if seen + weight > before {
            return token.span;
        }
        seen += weight;
    }
    option
}
