//! Keeps the names of declared errors to those of types.
//!
//! # Why
//! Each becomes a variant of an enum, the same for callers and services, and its name travels with the answer: one that is
//! written otherwise would have two names.
//!
//! # Fix
//! Write it in upper camel case, as in `VersionConflict`.

use heck::ToUpperCamelCase as _;

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "ERROR_NAME", source: include_str!("error_name.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let methods = context.survey.services().flat_map(|(_, service)| &service.methods);
    for method in methods {
        for (index, name) in method.options.errors.iter().enumerate() {
            let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let camel = name.to_upper_camel_case();
            let letter = name.starts_with(|first: char| first.is_ascii_uppercase());
            // The one name of a type that Rust keeps for itself.
            if plain && letter && camel == *name && name != "Self" {
                continue;
            }
            let place = context.survey.option(&method.element, &format!("errors[{index}]"));
            let help = if camel.starts_with(|first: char| first.is_ascii_uppercase())
                && camel.is_ascii()
                && camel != *name
            {
                format!("write `{camel}`")
            } else {
                "use another name, in upper camel case, as in `VersionConflict`".to_owned()
            };
            let text = format!("`{name}` can't be the name of an error");
            findings.push(Finding::new(RULE.id, text, place).help(help));
        }
    }
}
