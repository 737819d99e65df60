//! Keeps the tokens of a subject to letters, digits, `-`, `_` and whole fields.
//!
//! # Why
//! A wildcard would let one method take the calls of another; a dot too many, a space or a `$` would be refused by the
//! server or mean something else to it.
//!
//! # Fix
//! Use letters, digits, `-` and `_` between dots, and `{field}` as a whole token where a value goes.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::template::{Fault, Piece, pieces};

pub(in crate::check) const RULE: Rule =
    Rule { id: "SUBJECT_TOKEN", source: include_str!("subject_token.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let survey = context.survey;
    let services = survey.services();
    let services = services.map(|(_, it)| (&it.element, "subject", Some(&it.options.subject)));
    let methods = survey.services().flat_map(|(_, it)| &it.methods);
    let methods = methods.map(|it| (&it.element, "operation", it.options.operation.as_ref()));
    let events =
        survey.events().map(|(_, it, event)| (&it.element, "subject", Some(&event.subject)));
    for (element, path, text) in services.chain(methods).chain(events) {
        let text = text.map_or("", String::as_str);
        for piece in pieces(text) {
            let Piece::Bad(token, fault) = piece else { continue };
            let place = survey.part(element, path, token);
            let (message, help) = describe(token, fault);
            findings.push(Finding::new(RULE.id, message, place).help(help));
        }
        let written_empty = path == "operation" && text.is_empty();
        let method = survey
            .services()
            .flat_map(|(_, it)| &it.methods)
            .find(|it| it.element == *element && it.options.operation.is_some());
        if written_empty && method.is_some() {
            let place = survey.option(element, path);
            findings.push(
                Finding::new(RULE.id, "`operation` is empty", place)
                    .help("write its tokens, or delete the line to take the method's name"),
            );
        }
    }
}

fn describe(token: &str, fault: Fault) -> (String, &'static str) {
    match fault {
        Fault::Empty => (
            "there is an empty token in this subject".to_owned(),
            "delete the dot that is too many",
        ),
        Fault::Wildcard => (
            format!("`{token}` is a wildcard, and a subject is one place"),
            "name a field in braces where a value goes, such as `{id}`",
        ),
        Fault::Braces => (
            format!("`{token}` is neither a field nor text"),
            "write one field's name in braces as a whole token, such as `.{id}.`",
        ),
        Fault::Reserved => (
            format!("`{token}` belongs to the server"),
            "drop the `$`: subjects of the server begin with it",
        ),
        Fault::Character => (
            format!("`{token}` can't be a token of a subject"),
            "use letters, digits, '-' and '_' between dots",
        ),
    }
}
