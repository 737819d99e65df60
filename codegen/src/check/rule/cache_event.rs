//! Keeps `invalidated_by` to events whose subjects tell which answers are another now.
//!
//! # Why
//! An event drops the answers of one key. It is told by its subject alone, because the record of a deletion has no
//! fields.
//!
//! # Fix
//! Write the full name of an event that has every field of the key in its subject, or a key with fewer fields: then more
//! answers are dropped at once.

use std::collections::BTreeSet;

use crate::check::caches::{Written, written};
use crate::check::near::near;
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::shape;
use crate::schema::survey::Message;
use crate::schema::template::{Mark, Piece, marks, pieces};

pub(in crate::check) const RULE: Rule =
    Rule { id: "CACHE_EVENT", source: include_str!("cache_event.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for Written { file, method, cache, request } in written(context) {
        for (index, name) in cache.invalidated_by.iter().enumerate() {
            let path = format!("cache.invalidated_by[{index}]");
            let place = || context.survey.option(&method.element, &path);
            let message = context.survey.find_message(&file.package, name);
            let event = message.and_then(|message| Some((message, message.event.as_ref()?)));
            let Some((message, event)) = event else {
                if context.survey.complete {
                    let text = format!("`{name}` is no event");
                    let events = context.survey.events().map(|(_, it, _)| it.full_name.as_str());
                    let help = near(name, events).map_or_else(
                        || "write an event's full name, such as `acme.zoo.v1.ZooOpened`".to_owned(),
                        |name| format!("did you mean `{name}`?"),
                    );
                    findings.push(Finding::new(RULE.id, text, place()).help(help));
                }
                continue;
            };
            let told: BTreeSet<_> = pieces(&event.subject)
                .into_iter()
                .filter_map(|piece| match piece {
                    Piece::Hole(name) => Some(name),
                    Piece::Literal(_) | Piece::Bad(..) => None,
                })
                .collect();
            for mark in marks(&cache.key) {
                let Mark::Hole(field) = mark else { continue };
                let Some(text) = trouble(field, &told, request, message) else { continue };
                let subject = context.survey.option(&message.element, "subject");
                findings.push(
                    Finding::new(RULE.id, text, place())
                        .related(subject, "the event's subject")
                        .help("name an event whose subject has every field of the key, or leave the field out of the key"),
                );
            }
        }
    }
}

/// What keeps an event from telling the value of a field.
fn trouble(
    field: &str,
    told: &BTreeSet<&str>,
    request: &Message,
    event: &Message,
) -> Option<String> {
    if !told.contains(field) {
        return Some(format!("the subject of `{}` doesn't tell `{field}`", event.name));
    }
    let of = |message: &Message| message.fields.iter().find(|it| it.name == field).and_then(shape);
    // A field that isn't there, or has no shape, other rules have found.
    let (asked, told) = (of(request)?, of(event)?);
    (asked != told).then(|| {
        format!("`{field}` has another type in `{}` than in `{}`", event.name, request.name)
    })
}
