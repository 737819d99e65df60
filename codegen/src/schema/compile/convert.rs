//! Turns what protox and prost-reflect report into findings.

use miette::Diagnostic;

use crate::diagnostic::{Finding, Place};

/// Converts a diagnostic and all that are related to it.
pub(super) fn findings(
    rule: &'static str,
    file: &str,
    text: &str,
    error: &dyn Diagnostic,
) -> Vec<Finding> {
    let mut list = vec![finding(rule, file, text, error)];
    let related = error.related().into_iter().flatten();
    list.extend(related.map(|error| finding(rule, file, text, error)));
    list
}

fn finding(rule: &'static str, file: &str, text: &str, error: &dyn Diagnostic) -> Finding {
    let mut labels: Vec<_> = error.labels().into_iter().flatten().collect();
    // Of two labels, the later one is the mistake: the first is what it collides with.
    labels.reverse();
    let place = |label: &miette::LabeledSpan| {
        let start = label.offset().min(text.len());
        let end = (start + label.len()).min(text.len());
        Place { file: file.to_owned(), span: start..end }
    };
    let word = |label: &miette::LabeledSpan| label.label().unwrap_or("here").to_owned();
    let mut labels = labels.iter();
    let mut finding = match labels.next() {
        Some(label) => Finding::new(rule, message(error), place(label)).label(word(label)),
        None => {
            let end = text.trim_end().len();
            let place = Place { file: file.to_owned(), span: end..end };
            Finding::new(rule, message(error), place)
        }
    };
    for label in labels {
        finding = finding.related(place(label), word(label));
    }
    match error.help() {
        Some(help) => finding.help(help.to_string()),
        None => finding,
    }
}

fn message(error: &dyn Diagnostic) -> String {
    error.to_string().replace('\'', "`")
}
