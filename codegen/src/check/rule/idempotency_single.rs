//! Keeps one reason for which a repeated call is harmless.
//!
//! # Why
//! A method that only reads needs no key, and a key on one says that it writes after all.
//!
//! # Fix
//! Delete one of the two.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::option::KEYED;
use crate::schema::survey::IdempotencyLevel;

pub(in crate::check) const RULE: Rule =
    Rule { id: "IDEMPOTENCY_SINGLE", source: include_str!("idempotency_single.rs"), check };

/// Number of `idempotency_level` in the standard options of a method.
const LEVEL: i32 = 34;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let methods = context.survey.services().flat_map(|(_, service)| &service.methods);
    for method in methods {
        let keyed = method.options.idempotency == KEYED;
        if !keyed || method.level != IdempotencyLevel::NoSideEffects {
            continue;
        }
        let place = context.survey.option(&method.element, "idempotency");
        let level = context.survey.standard(&method.element, LEVEL);
        let text = format!("`{}` is keyed, and has no side effects", method.name);
        findings.push(
            Finding::new(RULE.id, text, place)
                .label("asks for a key")
                .related(level, "says that it only reads")
                .help("delete one of the two"),
        );
    }
}
