//! Keeps the name of an index that of a method, and apart from those beside it.
//!
//! # Why
//! An index becomes a method of the bucket's store, beside all that a store does anyway.
//!
//! # Fix
//! Write `by_` and what values are found by in lower snake case, as in `by_owner`.

use std::collections::BTreeMap;

use crate::check::indexes::written;
use crate::check::{Context, Rule};
use crate::diagnostic::{Finding, Place};

pub(in crate::check) const RULE: Rule =
    Rule { id: "INDEX_NAME", source: include_str!("index_name.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut seen: BTreeMap<(&str, &str, &str), Place> = BTreeMap::new();
    for it in written(context) {
        let (name, bucket) = (&it.index.name, &it.bucket.name);
        let place = it.place(context.survey, "name");
        if !is_legal(name) {
            let text = if name.is_empty() {
                format!("an index of bucket `{bucket}` has no name")
            } else {
                format!("`{name}` can't be the name of an index")
            };
            let help =
                "write `by_` and what values are found by in lower snake case, as in `by_owner`";
            findings.push(Finding::new(RULE.id, text, place).help(help));
            continue;
        }
        let key = (it.service.full_name.as_str(), bucket.as_str(), name.as_str());
        if let Some(first) = seen.get(&key) {
            let text = format!("bucket `{bucket}` has an index `{name}` already");
            let finding =
                Finding::new(RULE.id, text, place).related(first.clone(), "the other one");
            findings.push(finding.help("rename or delete one of them"));
        } else {
            seen.insert(key, place);
        }
    }
}

/// Whether a name is `by` and words, each behind one underscore.
fn is_legal(name: &str) -> bool {
    let mut words = name.split('_');
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
    };
    words.next() == Some("by") && name.len() > 2 && words.all(is_word)
}
