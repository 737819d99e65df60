//! Keeps HTTP routes to the grammar of `google.api.http`.
//!
//! # Why
//! A gateway matches requests by method and path: a route without either, or with a path that can't be read, is never
//! reached. The standard lets further routes stand beside the first one only, and what nests deeper is ignored.
//!
//! # Fix
//! Write a path such as `/v1/zoos/{zoo_id}/animals/{name=species/*}:feed`: words, `*` and `**` or variables between the
//! slashes, `**` at the end only, and at most one word after a colon.

use crate::check::bindings::{Binding, bindings};
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::option::Pattern;
use crate::schema::route;

pub(in crate::check) const RULE: Rule =
    Rule { id: "HTTP_PATH_PARSES", source: include_str!("http_path_parses.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for binding in bindings(context.survey) {
        findings.extend(pattern(context, &binding));
        if binding.is_further() && !binding.http.additional_bindings.is_empty() {
            let place = binding.place(context.survey, "additional_bindings[0]", "");
            let finding = Finding::new(RULE.id, "a further route has further routes", place);
            findings
                .push(finding.help("list them all beside each other in the method's own route"));
        }
    }
}

fn pattern(context: &Context<'_>, binding: &Binding<'_>) -> Option<Finding> {
    let Some(pattern) = &binding.http.pattern else {
        let place = binding.place(context.survey, "body", "");
        let finding = Finding::new(RULE.id, "the route has neither method nor path", place);
        return Some(finding.help("write `get`, `put`, `post`, `delete`, `patch` or `custom`"));
    };
    if let Pattern::Custom(custom) = pattern
        && custom.kind != "*"
        && (custom.kind.is_empty() || !custom.kind.bytes().all(|byte| byte.is_ascii_uppercase()))
    {
        let place = binding.place(context.survey, "custom.kind", &custom.kind);
        let problem = format!("`{}` is no method of HTTP", custom.kind);
        let finding = Finding::new(RULE.id, problem, place);
        return Some(finding.help("write its name in capitals, as in `HEAD`, or `*` for any"));
    }
    let fault = route::parse(binding.path()).err()?;
    let place = binding.path_place(context.survey, fault.part);
    let problem = match fault.part {
        "" => format!("`{}` is no path: {}", binding.path(), fault.problem),
        part => format!("`{part}` in a path: {}", fault.problem),
    };
    Some(Finding::new(RULE.id, problem, place).help(fault.help))
}
