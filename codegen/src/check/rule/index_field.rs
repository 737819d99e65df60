//! Keeps the fields of an index to those that have values with one spelling.
//!
//! # Why
//! Values are found by texts, integers, enums and bools. A float has many spellings, a message and a map have parts, and
//! what lies inside of a list belongs to one of several. An index by two lists would have an entry for each pair.
//!
//! # Fix
//! Name fields of such types, with those of messages that lead to them, as in `place.region_id`; at most one may be repeated.

use std::collections::BTreeMap;

use crate::check::indexes::{Written, walk, written};
use crate::check::{Context, Rule, near};
use crate::diagnostic::Finding;
use crate::schema::survey::{Field, Value};
use crate::schema::{index_scalar, parameter};

pub(in crate::check) const RULE: Rule =
    Rule { id: "INDEX_FIELD", source: include_str!("index_field.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for it in written(context) {
        if it.index.fields.is_empty() {
            let text = format!("index `{}` names no field", it.index.name);
            let place = it.place(context.survey, "name");
            let help = "name what values are found by, as in `fields: \"owner_id\"`";
            findings.push(Finding::new(RULE.id, text, place).help(help));
        }
        fields(context, &it, findings);
    }
}

fn fields(context: &Context<'_>, it: &Written<'_>, findings: &mut Vec<Finding>) {
    let survey = context.survey;
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut list: Option<&str> = None;
    for (at, path) in it.index.fields.iter().enumerate() {
        let finding =
            |text: String| Finding::new(RULE.id, text, it.place(survey, &format!("fields[{at}]")));
        if let Some(other) = seen.insert(parameter(path), path) {
            let text = format!("`{path}` and `{other}` are one parameter of `{}`", it.index.name);
            findings.push(
                finding(text)
                    .help("name each field once, and rename one of two that differ in a dot"),
            );
            continue;
        }
        let Some(value) = it.value else { continue };
        let (found, lacking) = walk(survey, value, path);
        if let Some((name, message)) = lacking {
            let defined = survey.name(&message.element);
            let text = format!("`{}` has no field `{name}`", message.name);
            findings.push(finding(text).related(defined, "defined here").help(near::field(
                name,
                message,
                str::to_owned,
            )));
            continue;
        }
        let steps = path.split('.').count();
        // What isn't the last one, or would have to be followed, must lead on.
        let wrong = found.iter().enumerate().find_map(|(nth, field)| {
            let what = if nth + 1 < steps { unfollowed(field) } else { unheld(field) };
            Some((*field, what?))
        });
        if let Some((field, what)) = wrong {
            let defined = survey.name(&field.element);
            let text = format!("values can't be found by `{path}`: `{}` is {what}", field.name);
            findings.push(
                finding(text)
                    .related(defined, "defined here")
                    .help("name a string, integer, enum or bool, or one inside of a message, as in `place.region_id`"),
            );
            continue;
        }
        if found.last().is_some_and(|field| field.repeated) {
            if let Some(other) = list {
                let text = format!("`{path}` and `{other}` are both repeated");
                findings.push(
                    finding(text).help("make two indexes of it, or find values by one of them"),
                );
            }
            list = Some(path);
        }
    }
}

/// What keeps a field from leading to another.
fn unfollowed(field: &Field) -> Option<String> {
    if field.key.is_some() {
        Some("a map".to_owned())
    } else if field.repeated {
        Some("repeated".to_owned())
    } else if matches!(field.value, Value::Message(_)) {
        None
    } else {
        Some(format!("a {}, which has no fields", field.value.word()))
    }
}

/// What keeps a field from being what values are found by.
fn unheld(field: &Field) -> Option<String> {
    if index_scalar(field).is_some() {
        None
    } else if field.key.is_some() {
        Some("a map".to_owned())
    } else if let Value::Message(name) = &field.value {
        Some(format!("a message, `{name}`"))
    } else {
        Some(format!("of type {}", field.value.word()))
    }
}
