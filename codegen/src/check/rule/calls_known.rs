//! Keeps `calls` to services that exist.
//!
//! # Why
//! What a service may call becomes its permissions: a name that is nobody's permits nothing.
//!
//! # Fix
//! Write the full name of a service, such as `acme.zoo.v1.ZooService`.

use crate::check::near::near;
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "CALLS_KNOWN", source: include_str!("calls_known.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.survey.complete {
        return;
    }
    let known: Vec<_> = context.survey.services().map(|(_, it)| it.full_name.as_str()).collect();
    for (_, service) in context.survey.services() {
        for (index, name) in service.options.calls.iter().enumerate() {
            if known.contains(&name.trim_start_matches('.')) {
                continue;
            }
            let place = context.survey.option(&service.element, &format!("calls[{index}]"));
            let help = near(name, known.iter().copied()).map_or_else(
                || "write a service's full name, such as `acme.zoo.v1.ZooService`".to_owned(),
                |name| format!("did you mean `{name}`?"),
            );
            let message = format!("`{}` calls `{name}`, which is no service", service.name);
            findings.push(Finding::new(RULE.id, message, place).help(help));
        }
    }
}
