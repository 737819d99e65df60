//! Keeps the version of a subject that of its package.
//!
//! # Why
//! Two versions of a service run side by side on different subjects: without the version in the subject, calls of the
//! one would reach the other.
//!
//! # Fix
//! End the service's subject with the package's version; where an event's subject names a version, make it the same.

use crate::check::version::is_version;
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "SUBJECT_VERSION", source: include_str!("subject_version.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let major = |package: &str| {
        let package = context.model.packages.iter().find(|it| it.name == package)?;
        package.major.map(|major| format!("v{major}"))
    };
    for (file, service) in context.survey.services() {
        let subject = &service.options.subject;
        let Some(version) = major(&file.package).filter(|_| !subject.is_empty()) else { continue };
        let last = subject.rsplit('.').next().unwrap_or_default();
        if last == version {
            continue;
        }
        let package = context.survey.name(&file.element);
        let place = context.survey.part(&service.element, "subject", last);
        let text = format!("the subject ends with `{last}`, and the package with `{version}`");
        let help = if is_version(last) {
            "change one of the two".to_owned()
        } else {
            format!("end it with the version: `{subject}.{version}`")
        };
        findings
            .push(Finding::new(RULE.id, text, place).related(package, "the package").help(help));
    }
    for (file, message, event) in context.survey.events() {
        let Some(version) = major(&file.package) else { continue };
        let mut tokens = event.subject.split('.').filter(|token| is_version(token));
        let Some(token) = tokens.find(|token| *token != version) else { continue };
        let package = context.survey.name(&file.element);
        let place = context.survey.part(&message.element, "subject", token);
        let text = format!("the subject says `{token}`, and the package `{version}`");
        findings.push(
            Finding::new(RULE.id, text, place)
                .related(package, "the package")
                .help("change one of the two"),
        );
    }
}
