//! Keeps the version of a subject that of its package.
//!
//! # Why
//! A package of the next version runs beside this one. Where this one's subjects already say that version, or still an older
//! one, both answer the same calls, and consumers of one get the events of the other.
//!
//! # Fix
//! Change the version of the package and of its subjects together.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::Running;
use crate::check::breaking::{Check, NATS, Rule};
use crate::check::version::is_version;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "SUBJECT_SAME_VERSION",
    categories: &[NATS],
    source: include_str!("subject_same_version.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    let before = running.subjects_before();
    for package in running.packages() {
        let Some(version) = package.major.map(|major| format!("v{major}")) else { continue };
        for service in package.services.iter().filter(|it| !it.subject.is_empty()) {
            let last = service.subject.rsplit('.').next().unwrap_or_default();
            let (name, subject) = (&service.full_name, &service.subject);
            if last != version && !before.contains(&(name, subject)) {
                let message = format!(
                    "Subject \"{subject}\" of service \"{name}\" doesn't end with the version of its package, \"{version}\"."
                );
                report.service(name, message, running.callers(name));
            }
        }
        for event in &package.events {
            let name = &event.message.full_name;
            let subject = &event.subject.text;
            let differs = |token| is_version(token) && token != version;
            if subject.split('.').any(differs) && !before.contains(&(name, subject)) {
                let message = format!(
                    "Subject \"{subject}\" of event \"{name}\" has another version than its package, \"{version}\"."
                );
                report.message(name, message, running.consumers(name));
            }
        }
    }
}
