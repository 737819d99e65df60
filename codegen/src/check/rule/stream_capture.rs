//! Keeps requests out of streams.
//!
//! # Why
//! A stream acknowledges what it captures, on the reply subject: its acknowledgement would be the first answer to the
//! call. The server's own subjects (`$JS`, `$KV`, `_INBOX` and so on) are no one else's to capture either.
//!
//! # Fix
//! Narrow the pattern to the subjects of events.

use crate::check::pattern::Pattern;
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "STREAM_CAPTURE", source: include_str!("stream_capture.rs"), check };

/// Subjects that belong to the server or to callers.
const SYSTEM: &[&str] =
    &["$JS.>", "$KV.>", "$O.>", "$SRV.>", "$SYS.>", "$MQTT.>", "_INBOX.>", "_R_.>"];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for stream in &context.subjects.streams {
        let mut finding = None;
        for request in context.subjects.requests() {
            if !stream.pattern.meets(&request.pattern) {
                continue;
            }
            let found: Finding = finding.take().unwrap_or_else(|| {
                let text = format!(
                    "{} captures `{}`, the subject of {}",
                    stream.user, request.text, request.user
                );
                Finding::new(RULE.id, text, stream.place.clone())
                    .label("captures requests")
                    .help("the stream's acknowledgement would answer the call; narrow the pattern")
            });
            if found.related.len() >= RELATED_MAX {
                finding = Some(found);
                break;
            }
            finding = Some(found.related(request.place.clone(), "captured"));
        }
        let system = || {
            SYSTEM.iter().find(|text| {
                Pattern::parse(text).is_some_and(|system| system.meets(&stream.pattern))
            })
        };
        if let Some(finding) = finding {
            findings.push(finding);
        } else if let Some(system) = system() {
            let text = format!("{} captures `{system}`, which belongs to the server", stream.user);
            findings
                .push(Finding::new(RULE.id, text, stream.place.clone()).help("narrow the pattern"));
        }
    }
}

/// Captured methods that one finding shows.
const RELATED_MAX: usize = 3;
