//! Keeps secrets out of the details of errors.
//!
//! # Why
//! Failures are passed on, logged and shown by whoever meets them, clients without keys included, so they travel in the
//! clear.
//!
//! # Fix
//! Take the secret out of the error's message; a caller who may have it asks for it with a method that answers with it.

use crate::check::secrets::secret;
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "ERROR_SECRET", source: include_str!("error_secret.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (file, service) in context.survey.services() {
        for method in &service.methods {
            for (index, name) in method.options.errors.iter().enumerate() {
                let details = format!("{}.{name}", file.package);
                let details = context.survey.messages.get(&details);
                let field = details.and_then(|details| secret(context.survey, &details.full_name));
                let Some(field) = field else { continue };
                let place = context.survey.option(&method.element, &format!("errors[{index}]"));
                let text = format!("`{name}` has the secret `{}`", field.name);
                findings.push(
                    Finding::new(RULE.id, text, place)
                        .related(context.survey.name(&field.element), "marked `sensitive`")
                        .help("take it out of the error: failures travel in the clear"),
                );
            }
        }
    }
}
