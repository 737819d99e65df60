//! Keeps options of streams on methods that stream.
//!
//! # Why
//! On a unary method `credit` and `idle_timeout` do nothing, and whoever wrote them thinks that they do.
//!
//! # Fix
//! Delete the line, or make the method stream.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "STREAMING_ONLY", source: include_str!("streaming_only.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let methods = context.survey.services().flat_map(|(_, service)| &service.methods);
    for method in methods.filter(|it| !it.client_streaming && !it.server_streaming) {
        let written = [
            ("credit", method.options.credit.is_some()),
            ("idle_timeout", method.options.idle_timeout.is_some()),
        ];
        for (field, _) in written.into_iter().filter(|(_, written)| *written) {
            let place = context.survey.option(&method.element, field);
            let text = format!("`{}` doesn't stream, so `{field}` does nothing", method.name);
            let help = "delete the line, or make the method stream";
            findings.push(Finding::new(RULE.id, text, place).help(help));
        }
    }
}
