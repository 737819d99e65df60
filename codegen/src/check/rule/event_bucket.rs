//! Keeps an event that is the write of a bucket the same as what the bucket stores.
//!
//! # Why
//! The stream then takes every write of the bucket as the event, under the event's subject with the bucket's key in the
//! place of its field: another message would be decoded as garbage, and a second field would have no value. Values of earlier
//! versions would be, too: what becomes of them is known to the bucket's service, and not to those who consume the event.
//!
//! # Fix
//! Name a bucket of the workspace whose value is this message, in its first version, and put at most one field into the
//! subject. An event of a bucket that has had others is published with the write (`and_publish`).

use crate::check::near::near;
use crate::check::{Context, Rule};
use crate::diagnostic::{Finding, Place};
use crate::schema::template::{Piece, pieces};

pub(in crate::check) const RULE: Rule =
    Rule { id: "EVENT_BUCKET", source: include_str!("event_bucket.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (_, message, event) in context.survey.events() {
        let Some(name) = &event.bucket else { continue };
        let place = context.survey.option(&message.element, "bucket");
        let declared = context.survey.buckets().find(|(.., bucket)| bucket.name == *name);
        let Some((file, service, index, bucket)) = declared else {
            if context.survey.complete {
                findings.push(unknown(context, name, place));
            }
            continue;
        };
        let value = context.survey.find_message(&file.package, &bucket.value);
        if value.is_some_and(|value| value.full_name != message.full_name) {
            let path = format!("buckets[{index}].value");
            findings.push(
                Finding::new(
                    RULE.id,
                    format!("bucket `{name}` stores another message"),
                    place.clone(),
                )
                .label("says that its every write is this event")
                .related(context.survey.option(&service.element, &path), "stores this")
                .help(format!("store `{}` in the bucket, or name another", message.name)),
            );
        }
        if bucket.version.is_some_and(|version| version > 1) {
            let path = format!("buckets[{index}].version");
            let text =
                format!("who consumes the event can't read earlier values of bucket `{name}`");
            findings.push(
                Finding::new(RULE.id, text, place)
                    .label("says that its every write is this event")
                    .related(context.survey.option(&service.element, &path), "has had others")
                    .help("publish the event with the write instead: drop `bucket` here"),
            );
        }
        let pieces = pieces(&event.subject);
        let holes = pieces.iter().filter(|piece| matches!(piece, Piece::Hole(_))).count();
        if holes > 1 {
            let place = context.survey.option(&message.element, "subject");
            let text = "a bucket's key can fill one field of the subject, not several";
            findings.push(
                Finding::new(RULE.id, text, place)
                    .help("keep the field that is the bucket's key, and drop the others"),
            );
        }
    }
}

fn unknown(context: &Context<'_>, name: &str, place: Place) -> Finding {
    let names = context.survey.buckets().map(|(.., bucket)| bucket.name.as_str());
    let help = near(name, names).map_or_else(
        || "declare it in the options of the service that owns it".to_owned(),
        |name| format!("did you mean `{name}`?"),
    );
    Finding::new(RULE.id, format!("no service declares bucket `{name}`"), place).help(help)
}
