//! Keeps every event on a stream that is declared.
//!
//! # Why
//! An event is stored before it is delivered: without a stream nobody would ever see it.
//!
//! # Fix
//! Name a stream that some file declares in its `streams` option.

use crate::check::near::near;
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "EVENT_STREAM", source: include_str!("event_stream.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (_, message, event) in context.survey.events() {
        let mut names = context.survey.streams().map(|(_, _, stream)| stream.name.as_str());
        if names.any(|name| name == event.stream && !name.is_empty()) {
            continue;
        }
        let place = context.survey.option(&message.element, "stream");
        if event.stream.is_empty() {
            let text = format!("event `{}` doesn't say which stream stores it", message.name);
            findings.push(
                Finding::new(RULE.id, text, place)
                    .help("add `stream: \"..\"` with the name of a declared stream"),
            );
        } else if context.survey.complete {
            let names = context.survey.streams().map(|(_, _, stream)| stream.name.as_str());
            let help = near(&event.stream, names).map_or_else(
                || "declare it in the `streams` option of a file".to_owned(),
                |name| format!("did you mean `{name}`?"),
            );
            let text = format!("no file declares stream `{}`", event.stream);
            findings.push(Finding::new(RULE.id, text, place).help(help));
        }
    }
}
