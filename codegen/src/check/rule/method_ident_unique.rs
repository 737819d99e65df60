//! Keeps the methods of a service apart after case conversion.
//!
//! # Why
//! `GetURL` and `GetUrl` are two methods in a schema and one in Rust, where consumed events are methods too.
//!
//! # Fix
//! Rename one of them.

use std::collections::BTreeMap;

use heck::ToSnakeCase as _;

use crate::check::{Context, Rule};
use crate::diagnostic::{Finding, Place};
use crate::schema::ident;

pub(in crate::check) const RULE: Rule =
    Rule { id: "METHOD_IDENT_UNIQUE", source: include_str!("method_ident_unique.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (file, service) in context.survey.services() {
        let mut seen: BTreeMap<String, (&str, Place)> = BTreeMap::new();
        let methods = service.methods.iter().map(|method| {
            (ident::snake(&method.name), method.name.as_str(), context.survey.name(&method.element))
        });
        let consumes = service.options.consumes.iter().enumerate().filter_map(|(index, name)| {
            let message = context.survey.find_message(&file.package, name)?;
            message.event.as_ref()?;
            let place = context.survey.option(&service.element, &format!("consumes[{index}]"));
            Some((format!("on_{}", message.name.to_snake_case()), name.as_str(), place))
        });
        for (ident, name, place) in methods.chain(consumes) {
            if let Some((other, first)) = seen.get(&ident) {
                let text = format!("`{name}` and `{other}` both become `{ident}`");
                findings.push(
                    Finding::new(RULE.id, text, place)
                        .related(first.clone(), "the other one")
                        .help("rename or delete one of them"),
                );
            } else {
                seen.insert(ident, (name, place));
            }
        }
    }
}
