//! Keeps `consumes` to events that exist.
//!
//! # Why
//! Each becomes a method of the service's trait and a durable consumer on the event's stream.
//!
//! # Fix
//! Write the full name of a message that carries the event option.

use crate::check::near::near;
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "CONSUMES_KNOWN", source: include_str!("consumes_known.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (file, service) in context.survey.services() {
        for (index, name) in service.options.consumes.iter().enumerate() {
            let message = context.survey.find_message(&file.package, name);
            let place = || context.survey.option(&service.element, &format!("consumes[{index}]"));
            match message {
                Some(message) if message.event.is_some() || !context.survey.complete => {}
                Some(message) => {
                    let text = format!("`{name}` is a message, but no event");
                    findings.push(
                        Finding::new(RULE.id, text, place())
                            .related(context.survey.name(&message.element), "defined here")
                            .help("give the message the event option, or name another"),
                    );
                }
                None if !context.survey.complete => {}
                None => {
                    let text = format!("`{}` consumes `{name}`, which is no event", service.name);
                    let events = context.survey.events().map(|(_, it, _)| it.full_name.as_str());
                    let help = near(name, events).map_or_else(
                        || "write an event's full name, such as `acme.zoo.v1.ZooOpened`".to_owned(),
                        |name| format!("did you mean `{name}`?"),
                    );
                    findings.push(Finding::new(RULE.id, text, place()).help(help));
                }
            }
        }
    }
}
