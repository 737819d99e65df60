//! Keeps methods off the names that generated types need.
//!
//! # Why
//! A client has `new`, a service `into_server`, and everything shared `clone`: a method of the same name hides it or is
//! hidden by it.
//!
//! # Fix
//! Rename the method; a verb and its object, such as `CloneAnimal`, is free.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::ident;

pub(in crate::check) const RULE: Rule =
    Rule { id: "METHOD_RESERVED", source: include_str!("method_reserved.rs"), check };

/// Names that traits, clients and mocks use themselves.
const RESERVED: &[&str] = &[
    "as_ref",
    "borrow",
    "calls",
    "client",
    "clone",
    "default",
    "drop",
    "fmt",
    "from",
    "into",
    "into_server",
    "into_service",
    "new",
    "to_owned",
    "try_from",
    "try_into",
    "type_id",
];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let methods = context.survey.services().flat_map(|(_, service)| &service.methods);
    for method in methods {
        let ident = ident::snake(&method.name);
        if !RESERVED.contains(&ident.as_str()) {
            continue;
        }
        let place = context.survey.name(&method.element);
        let text = format!("`{}` becomes `{ident}`, which generated code needs", method.name);
        let help = format!("name what it acts on, such as `{}Item`", method.name);
        findings.push(Finding::new(RULE.id, text, place).help(help));
    }
}
