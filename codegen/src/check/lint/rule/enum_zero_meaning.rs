//! Keeps meanings out of the zero value of an enum, whatever it is called.
//!
//! # Why
//! Zero is what an event or an answer carries when its sender has set nothing, or is older than the field: a consumer
//! takes the omission for the meaning and acts on it.
//!
//! # Fix
//! Give the meaning a number of its own, and let zero say that nothing was said.

use crate::check::lint::annotated::Annotated;
use crate::check::lint::report::Report;
use crate::check::lint::{Check, NATS, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "ENUM_ZERO_MEANING",
    categories: NATS,
    source: include_str!("enum_zero_meaning.rs"),
    check: Check::Annotated(check),
};

/// Ends of names that mean nothing.
const NOTHING: &[&str] =
    &["UNSPECIFIED", "UNKNOWN", "UNDEFINED", "UNSET", "NOT_SET", "NONE", "INVALID", "NIL"];

fn check(schemas: &Annotated<'_>, report: &mut Report<'_>) {
    for (name, element) in schemas.enums().flat_map(|it| &it.values).filter_map(|it| match it {
        (name, 0, element) => Some((name, element)),
        _ => None,
    }) {
        let upper = name.to_uppercase();
        let means_nothing = NOTHING.iter().any(|end| {
            upper.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
        });
        // So does whatever the team ends such names with.
        if !means_nothing && !name.ends_with(&report.config.enum_zero_value_suffix) {
            let message = format!("`{name}` is a meaning, and what is absent will be taken for it");
            report.element(schemas, element, message);
        }
    }
}
