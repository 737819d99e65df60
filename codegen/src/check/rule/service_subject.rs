//! Keeps a subject on every service that has methods.
//!
//! # Why
//! The subjects of its methods begin with it.
//!
//! # Fix
//! Add `subject` to the service, ending with the package's version: `svc.zoo.v1`.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::template::{Piece, pieces};

pub(in crate::check) const RULE: Rule =
    Rule { id: "SERVICE_SUBJECT", source: include_str!("service_subject.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (_, service) in context.survey.services() {
        let subject = &service.options.subject;
        let place = || context.survey.option(&service.element, "subject");
        if subject.is_empty() && !service.methods.is_empty() {
            let text = format!("service `{}` has no subject", service.name);
            let help = "add `subject: \"svc.<name>.v1\"` to its options";
            findings.push(Finding::new(RULE.id, text, place()).help(help));
        }
        if pieces(subject).iter().any(|piece| matches!(piece, Piece::Hole(_))) {
            let text = "the subject of a service can't name fields";
            let help = "put the field into the `operation` of the methods that have it";
            findings.push(Finding::new(RULE.id, text, place()).help(help));
        }
    }
}
