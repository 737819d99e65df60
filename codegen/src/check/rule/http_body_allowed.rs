//! Keeps bodies out of `GET` and `DELETE`.
//!
//! # Why
//! HTTP gives the body of such a request no meaning (RFC 9110, 9.3): proxies drop it or refuse the request.
//!
//! # Fix
//! Delete `body`, so that fields come from the path and the query, or use `post`.

use crate::check::bindings::bindings;
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::option::Pattern;

pub(in crate::check) const RULE: Rule =
    Rule { id: "HTTP_BODY_ALLOWED", source: include_str!("http_body_allowed.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for binding in bindings(context.survey) {
        let name = match &binding.http.pattern {
            Some(Pattern::Get(_)) => "GET",
            Some(Pattern::Delete(_)) => "DELETE",
            Some(Pattern::Put(_) | Pattern::Post(_) | Pattern::Patch(_) | Pattern::Custom(_))
            | None => continue,
        };
        if binding.http.body.is_empty() {
            continue;
        }
        let place = binding.place(context.survey, "body", "");
        let finding = Finding::new(RULE.id, format!("a `{name}` has no body"), place);
        let help = "delete it, so that fields come from the path and the query, or use `post`";
        findings.push(finding.help(help));
    }
}
