//! Keeps the key of a cache readable, and its fields to those of the request.
//!
//! # Why
//! The key says which answers an event drops. Whoever may read Redis sees it.
//!
//! # Fix
//! Write text without spaces, and in braces a field of the request that has exactly one value with one spelling and is no
//! secret, as in `world:{world_id}:snapshot`.

use crate::check::caches::{Written, written};
use crate::check::{Context, Rule, near};
use crate::diagnostic::Finding;
use crate::schema::shape;
use crate::schema::template::{Mark, marks};

pub(in crate::check) const RULE: Rule =
    Rule { id: "CACHE_KEY", source: include_str!("cache_key.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for Written { method, cache, request, .. } in written(context) {
        let place = |part: &str| context.survey.part(&method.element, "cache.key", part);
        if cache.key.is_empty() {
            let text = format!("the cache of `{}` has no key", method.name);
            let help = "say what its answers are about, such as `key: \"world:{world_id}\"`";
            findings.push(Finding::new(RULE.id, text, place("")).help(help));
        }
        for mark in marks(&cache.key) {
            let name = match mark {
                Mark::Text(_) => continue,
                Mark::Hole(name) => name,
                Mark::Bad(bad) => {
                    let text = format!("`{bad}` can't stand in a key");
                    let help = "write text without spaces, and one field's name between braces";
                    findings.push(Finding::new(RULE.id, text, place(bad)).help(help));
                    continue;
                }
            };
            let place = place(&format!("{{{name}}}"));
            let Some(field) = request.fields.iter().find(|field| field.name == name) else {
                let text = format!("`{}` has no field `{name}`", request.name);
                let defined = context.survey.name(&request.element);
                findings.push(
                    Finding::new(RULE.id, text, place)
                        .related(defined, "defined here")
                        .help(near::field(name, request, |name| format!("{{{name}}}"))),
                );
                continue;
            };
            let defined = context.survey.name(&field.element);
            if field.sensitive {
                let text = format!("`{name}` is secret, and a key is in the clear");
                findings.push(
                    Finding::new(RULE.id, text, place)
                        .related(defined, "marked `sensitive`")
                        .help("name a field that is no secret, such as an id"),
                );
            } else if shape(field).is_none() {
                let text = format!("`{name}` has not exactly one value with one spelling");
                findings.push(
                    Finding::new(RULE.id, text, place)
                        .related(defined, "defined here")
                        .help("name a singular string, integer, enum or bool outside of any oneof"),
                );
            }
        }
    }
}
