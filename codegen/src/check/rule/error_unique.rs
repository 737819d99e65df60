//! Keeps the errors that a method declares apart from each other and from the codes of a status.
//!
//! # Why
//! Callers match on the name: of two that are the same one is never reached, and one that is called like a code, or
//! `Status`, is taken for what every method may answer.
//!
//! # Fix
//! Delete the second one; say what is special about one that is called like a code, as in `AnimalNotFound`.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "ERROR_UNIQUE", source: include_str!("error_unique.rs"), check };

/// What every method may answer: the canonical codes, and the status as a whole.
const TAKEN: &[&str] = &[
    "Aborted",
    "AlreadyExists",
    "Cancelled",
    "DataLoss",
    "DeadlineExceeded",
    "FailedPrecondition",
    "Internal",
    "InvalidArgument",
    "NotFound",
    "Ok",
    "OutOfRange",
    "PermissionDenied",
    "ResourceExhausted",
    "Status",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "Unknown",
    "UnknownOutcome",
];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let methods = context.survey.services().flat_map(|(_, service)| &service.methods);
    for method in methods {
        let names = &method.options.errors;
        for (index, name) in names.iter().enumerate() {
            let place = |index| context.survey.option(&method.element, &format!("errors[{index}]"));
            if TAKEN.contains(&name.as_str()) {
                let text = format!("every method may answer `{name}`");
                let finding = Finding::new(RULE.id, text, place(index));
                findings.push(finding.help(format!("say which, as in `Animal{name}`")));
            }
            if let Some(first) = names[..index].iter().position(|other| other == name) {
                let text = format!("`{name}` is declared twice by `{}`", method.name);
                findings.push(
                    Finding::new(RULE.id, text, place(index))
                        .label("declared again")
                        .related(place(first), "first declared here")
                        .help("delete one of them"),
                );
            }
        }
    }
}
