//! Keeps the fields that an HTTP route names to those of its messages.
//!
//! # Why
//! A variable in the path and the body fill fields of the request: one that isn't there would be dropped in silence, and
//! of two values for one field one would be.
//!
//! # Fix
//! Name a field of the request, in the path one with a single value and each once, and in `response_body` one of the
//! response.

use crate::check::bindings::{Binding, bindings};
use crate::check::near::near;
use crate::check::{Context, Rule};
use crate::diagnostic::{Finding, Place};
use crate::schema::survey::Message;
use crate::schema::{follow, route, scalar};

pub(in crate::check) const RULE: Rule =
    Rule { id: "HTTP_FIELD_KNOWN", source: include_str!("http_field_known.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for binding in bindings(context.survey) {
        let messages = &context.survey.messages;
        let (request, response) =
            (messages.get(&binding.method.request), messages.get(&binding.method.response));
        if let Some(request) = request {
            path(context, &binding, request, findings);
        }
        let http = binding.http;
        for (name, message, option) in
            [(&http.body, request, "body"), (&http.response_body, response, "response_body")]
        {
            let Some(message) = message.filter(|_| !name.is_empty() && name != "*") else {
                continue;
            };
            if message.fields.iter().all(|field| field.name != *name) {
                let problem = format!("`{}` has no field `{name}`", message.name);
                let place = binding.place(context.survey, option, name);
                findings.push(finding(problem, message, name, place));
            }
        }
    }
}

fn path(
    context: &Context<'_>,
    binding: &Binding<'_>,
    request: &Message,
    findings: &mut Vec<Finding>,
) {
    let Ok(written) = route::parse(binding.path()) else { return };
    let names: Vec<_> = written.variables.iter().map(|(name, _)| *name).collect();
    for (index, name) in names.iter().enumerate() {
        let problem = match follow(context.survey, request, name).as_deref() {
            None => format!("`{}` has no field `{name}`", request.name),
            Some([.., field]) if scalar(field).is_none() => {
                format!("`{name}` can't stand in a path: it has no single value")
            }
            Some(_) if names[..index].contains(name) => {
                format!("`{name}` is filled twice by one path")
            }
            Some(_) if binding.http.body == *name => {
                format!("`{name}` is filled by the path and by the body")
            }
            Some(_) => continue,
        };
        let place = binding.path_place(context.survey, &format!("{{{name}"));
        findings.push(finding(problem, request, name, place));
    }
}

fn finding(problem: String, message: &Message, name: &str, place: Place) -> Finding {
    let names = message.fields.iter().map(|field| field.name.as_str());
    let help = near(name, names.clone()).filter(|near| *near != name).map_or_else(
        || {
            let names: Vec<_> = names.collect();
            format!(
                "its fields: {}",
                if names.is_empty() { "none".into() } else { names.join(", ") }
            )
        },
        |name| format!("did you mean `{name}`?"),
    );
    Finding::new(RULE.id, problem, place).help(help)
}
