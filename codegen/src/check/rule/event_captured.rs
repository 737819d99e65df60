//! Keeps every event within the subjects of its stream.
//!
//! # Why
//! An event that its stream doesn't capture is acknowledged by nobody: publishing it fails.
//!
//! # Fix
//! Add a pattern that covers the subject to the stream, or name the stream that captures it.

use crate::check::pattern::Pattern;
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "EVENT_CAPTURED", source: include_str!("event_captured.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (_, message, event) in context.survey.events().filter(|(_, _, it)| it.bucket.is_none()) {
        let subject = Pattern::parse(&event.subject);
        let stream = context.survey.streams().find(|(_, _, it)| it.name == event.stream);
        let (Some(subject), Some((file, index, stream))) = (subject, stream) else { continue };
        let mut patterns = stream.subjects.iter().filter_map(|text| Pattern::parse(text));
        if patterns.any(|pattern| pattern.covers(&subject)) {
            continue;
        }
        let place = context.survey.option(&message.element, "subject");
        let text = format!("stream `{}` doesn't capture `{}`", stream.name, event.subject);
        let declared = context.survey.option(&file.element, &format!("streams[{index}].name"));
        findings.push(
            Finding::new(RULE.id, text, place)
                .related(declared, "the stream is declared here")
                .help("add a pattern to the stream's `subjects`, or name another stream"),
        );
    }
}
