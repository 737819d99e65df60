//! Keeps secrets out of indexes.
//!
//! # Why
//! What values are found by lies in subjects, in the clear: servers log them, monitors show them.
//!
//! # Fix
//! Name a field that is no secret, such as an id; or store a keyed hash of the secret in a field of its own, and find values by that.

use crate::check::indexes::{walk, written};
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "INDEX_SECRET", source: include_str!("index_secret.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for it in written(context) {
        let Some(value) = it.value else { continue };
        for (at, path) in it.index.fields.iter().enumerate() {
            let (fields, _) = walk(context.survey, value, path);
            let Some(secret) = fields.into_iter().find(|field| field.sensitive) else { continue };
            let text = format!("`{path}` is secret, and entries of an index are in the clear");
            let marked = context.survey.name(&secret.element);
            findings.push(
                Finding::new(RULE.id, text, it.place(context.survey, &format!("fields[{at}]")))
                    .related(marked, "marked `sensitive`")
                    .help(
                        "name a field that is no secret, such as an id or a keyed hash of this one",
                    ),
            );
        }
    }
}
