//! Keeps the answer to an idempotency key for as long as its call may be repeated.
//!
//! # Why
//! A caller tries again until its time-out. If the first answer was given up before that, the repetition is a call of its own,
//! and its effect happens twice.
//!
//! # Fix
//! Keep the answer for longer than a call may take, and for as long as somebody may come back with the key: mostly hours.

use std::collections::BTreeMap;

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "IDEMPOTENCY_KEPT", source: include_str!("idempotency_kept.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let services = context.model.packages.iter().flat_map(|package| &package.services);
    let kept: BTreeMap<_, _> = services
        .flat_map(|service| &service.methods)
        .filter_map(|method| Some((&method.full_name, (method.idempotency_ttl?, method.timeout))))
        .collect();
    for method in context.survey.services().flat_map(|(_, service)| &service.methods) {
        let Some((ttl, timeout)) = kept.get(&method.full_name).filter(|(ttl, time)| ttl < time)
        else {
            continue;
        };
        let text = format!(
            "`{}` may be repeated for {timeout:?}, and its first answer is given up after {ttl:?}",
            method.name
        );
        let place = context.survey.option(&method.element, "idempotency_ttl");
        findings.push(
            Finding::new(RULE.id, text, place)
                .help(format!("keep it for {timeout:?} at least, better for hours")),
        );
    }
}
