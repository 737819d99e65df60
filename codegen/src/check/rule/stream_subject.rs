//! Keeps the subjects of a stream to patterns that the server accepts.
//!
//! # Why
//! The server refuses to create a stream with any other.
//!
//! # Fix
//! Use letters, digits, `-` and `_` between dots, `*` for one token and `>` for all that follow.

use crate::check::pattern::Pattern;
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "STREAM_SUBJECT", source: include_str!("stream_subject.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (file, index, stream) in context.survey.streams() {
        let fed =
            context.model.streams.iter().any(|it| it.name == stream.name && !it.sources.is_empty());
        if stream.subjects.is_empty() && !fed {
            let place = context.survey.option(&file.element, &format!("streams[{index}].name"));
            let text = format!("stream `{}` captures nothing", stream.name);
            findings.push(
                Finding::new(RULE.id, text, place).help("add `subjects: \"evt.<domain>.>\"`"),
            );
        }
        for (at, subject) in stream.subjects.iter().enumerate() {
            // Only the braces of a template tell it from a pattern.
            if Pattern::parse(subject).is_some() && !subject.contains('{') {
                continue;
            }
            let path = format!("streams[{index}].subjects[{at}]");
            let place = context.survey.option(&file.element, &path);
            let text = format!("`{subject}` is not a pattern of subjects");
            findings.push(Finding::new(RULE.id, text, place).help(
                "use letters, digits, '-' and '_' between dots, '*' for one token, '>' at the end",
            ));
        }
    }
}
