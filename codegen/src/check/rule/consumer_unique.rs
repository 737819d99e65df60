//! Keeps every durable consumer to one service.
//!
//! # Why
//! A consumer is named after its package and the event. Two with one name would share the events between them, each
//! seeing only some.
//!
//! # Fix
//! Consume the event in one service of the package and let it call the other, or rename the event.

use crate::check::{Context, Rule};
use crate::diagnostic::{Finding, Place};

pub(in crate::check) const RULE: Rule =
    Rule { id: "CONSUMER_UNIQUE", source: include_str!("consumer_unique.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut seen: Vec<(&str, &str, Place)> = Vec::new();
    for (file, service) in context.survey.services() {
        let model = context.model.packages.iter().find(|it| it.name == file.package);
        let model = model.into_iter().flat_map(|package| &package.services);
        let Some(model) = model.into_iter().find(|it| it.full_name == service.full_name) else {
            continue;
        };
        for consume in &model.consumes {
            let event = &consume.event.message.full_name;
            let names = &service.options.consumes;
            let matching = names.iter().enumerate().filter(|(_, name)| {
                let found = context.survey.find_message(&file.package, name);
                found.is_some_and(|found| found.full_name == *event)
            });
            // The same event twice in one list is a collision of methods, which has a rule of its own.
            let Some((index, _)) = matching.into_iter().next() else { continue };
            let place = context.survey.option(&service.element, &format!("consumes[{index}]"));
            let other = seen
                .iter()
                .find(|(name, owner, _)| *name == consume.durable && *owner != service.full_name);
            if let Some((name, owner, first)) = other {
                let message = format!("consumer `{name}` belongs to `{owner}` already");
                findings.push(
                    Finding::new(RULE.id, message, place)
                        .label("consumed again")
                        .related(first.clone(), "first consumed here")
                        .help("consume the event in one service of a package"),
                );
            } else {
                seen.push((&consume.durable, &service.full_name, place));
            }
        }
    }
}
