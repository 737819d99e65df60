//! Keeps secrets out of URLs.
//!
//! # Why
//! Servers, proxies and browsers log paths and queries, and keep them in histories.
//!
//! # Fix
//! Let the body carry the secret: use `post` with `body: "*"`.

use crate::check::bindings::{Binding, bindings};
use crate::check::secrets::secret_among;
use crate::check::{Context, Rule};
use crate::diagnostic::{Finding, Place};
use crate::schema::survey::{Field, Message};
use crate::schema::{follow, route};

pub(in crate::check) const RULE: Rule =
    Rule { id: "HTTP_FIELD_SECRET", source: include_str!("http_field_secret.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for binding in bindings(context.survey) {
        let Some(request) = context.survey.messages.get(&binding.method.request) else { continue };
        path(context, &binding, request, findings);
        query(context, &binding, request, findings);
    }
}

fn path(
    context: &Context<'_>,
    binding: &Binding<'_>,
    request: &Message,
    findings: &mut Vec<Finding>,
) {
    let Ok(written) = route::parse(binding.path()) else { return };
    for (name, _) in &written.variables {
        let way = follow(context.survey, request, name).unwrap_or_default();
        if let Some(field) = way.into_iter().find(|field| field.sensitive) {
            let place = binding.path_place(context.survey, &format!("{{{name}"));
            findings.push(finding(context, field, "stands in the path", place));
        }
    }
}

/// What neither the path nor the body fills comes from the query.
fn query(
    context: &Context<'_>,
    binding: &Binding<'_>,
    request: &Message,
    findings: &mut Vec<Finding>,
) {
    let body = &binding.http.body;
    if body == "*" {
        return;
    }
    let Ok(written) = route::parse(binding.path()) else { return };
    let in_path = |field: &Field| written.variables.iter().any(|(name, _)| *name == field.name);
    let fields = request.fields.iter().filter(|field| field.name != *body && !in_path(field));
    if let Some(field) = secret_among(context.survey, fields) {
        let place = binding.path_place(context.survey, "");
        findings.push(finding(context, field, "comes from the query", place));
    }
}

fn finding(context: &Context<'_>, field: &Field, how: &str, place: Place) -> Finding {
    let text = format!("`{}` is secret, and {how}: logs show URLs", field.name);
    Finding::new(RULE.id, text, place)
        .related(context.survey.name(&field.element), "marked `sensitive`")
        .help("let the body carry it, as in `post: .. body: \"*\"`")
}
