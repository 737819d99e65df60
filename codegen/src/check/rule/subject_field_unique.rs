//! Keeps a subject from naming a field twice.
//!
//! # Why
//! Both tokens would always be the same, so one of them was meant to be another field. Who builds the subject passes each field
//! as a parameter of its name.
//!
//! # Fix
//! Name the other field, or leave the second token out.

use std::collections::BTreeMap;

use crate::check::holes::{Hole, holes};
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "SUBJECT_FIELD_UNIQUE", source: include_str!("subject_field_unique.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut times: BTreeMap<_, usize> = BTreeMap::new();
    for Hole { name, element, path, .. } in holes(context.survey) {
        let times = times.entry((&element.file, &element.path, name)).or_default();
        *times += 1;
        // One finding, however often the field is there.
        if *times == 2 {
            let place = context.survey.option(element, path);
            let text = format!("this subject names `{name}` twice");
            let help = "name the other field, or leave the second token out";
            findings.push(Finding::new(RULE.id, text, place).help(help));
        }
    }
}
