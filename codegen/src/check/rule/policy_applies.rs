//! Keeps policies on methods that they do something for.
//!
//! # Why
//! A stream isn't repeated, and a second call of a method with side effects would have them twice: whoever wrote the line
//! thinks otherwise.
//!
//! # Fix
//! Delete the line, or say with `idempotency_level = NO_SIDE_EFFECTS` that the method only reads.

use prost_reflect::prost_types::method_options::IdempotencyLevel;

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "POLICY_APPLIES", source: include_str!("policy_applies.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let methods = context.survey.services().flat_map(|(_, service)| &service.methods);
    for written in methods {
        let options = &written.options;
        let fields = [
            ("retry", options.retry.is_some()),
            ("breaker", options.breaker.is_some()),
            ("hedge", options.hedge.is_some()),
        ];
        let streams = written.client_streaming || written.server_streaming;
        let reads = written.level == IdempotencyLevel::NoSideEffects;
        for (field, _) in fields.into_iter().filter(|(_, written)| *written) {
            let place = || context.survey.option(&written.element, field);
            if streams {
                let text = format!("`{}` streams, so `{field}` does nothing", written.name);
                findings.push(Finding::new(RULE.id, text, place()).help("delete the line"));
            } else if field == "hedge" && !reads {
                let text =
                    format!("`{}` has side effects, and would have them twice", written.name);
                let help = "delete the line, or say `idempotency_level = NO_SIDE_EFFECTS` if it only reads";
                findings.push(Finding::new(RULE.id, text, place()).help(help));
            }
        }
    }
}
