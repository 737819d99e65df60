//! Keeps policies on methods that they do something for.
//!
//! # Why
//! A stream isn't repeated, a second call of a method with side effects would have them twice and an answer from the cache
//! not at all, and where no key is sent no answer is kept for one: whoever wrote the line thinks otherwise.
//!
//! # Fix
//! Delete the line, or say with `idempotency_level = NO_SIDE_EFFECTS` that the method only reads.

use std::collections::BTreeSet;

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::model::Idempotency;
use crate::schema::option::KEYED;

pub(in crate::check) const RULE: Rule =
    Rule { id: "POLICY_APPLIES", source: include_str!("policy_applies.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let services = context.model.packages.iter().flat_map(|package| &package.services);
    let reads: BTreeSet<_> = services
        .flat_map(|service| &service.methods)
        .filter(|method| method.idempotency == Idempotency::NoSideEffects)
        .map(|method| method.full_name.as_str())
        .collect();
    let methods = context.survey.services().flat_map(|(_, service)| &service.methods);
    for method in methods {
        let options = &method.options;
        let written = [
            ("retry", options.retry.is_some()),
            ("breaker", options.breaker.is_some()),
            ("adaptive", options.adaptive.is_some()),
            ("hedge", options.hedge.is_some()),
            ("idempotency_ttl", options.idempotency_ttl.is_some()),
            ("cache", options.cache.is_some()),
        ];
        let streams = method.client_streaming || method.server_streaming;
        for (field, _) in written.into_iter().filter(|(_, written)| *written) {
            let place = || context.survey.option(&method.element, field);
            if streams {
                let text = format!("`{}` streams, so `{field}` does nothing", method.name);
                findings.push(Finding::new(RULE.id, text, place()).help("delete the line"));
            } else if field == "hedge" && !reads.contains(method.full_name.as_str()) {
                let text = format!("`{}` has side effects, and would have them twice", method.name);
                let help = "delete the line, or say `idempotency_level = NO_SIDE_EFFECTS` if it only reads";
                findings.push(Finding::new(RULE.id, text, place()).help(help));
            } else if field == "cache" && !reads.contains(method.full_name.as_str()) {
                let text = format!(
                    "`{}` has side effects, and an answer that is kept would have none",
                    method.name
                );
                let help = "delete the line, or say `idempotency_level = NO_SIDE_EFFECTS` if it only reads";
                findings.push(Finding::new(RULE.id, text, place()).help(help));
            } else if field == "idempotency_ttl" && options.idempotency != KEYED {
                let text = format!("`{}` isn't keyed, so `{field}` does nothing", method.name);
                let help = "say `idempotency: IDEMPOTENCY_KEYED`, or delete the line";
                findings.push(Finding::new(RULE.id, text, place()).help(help));
            }
        }
    }
}
