//! Keeps the fields that an HTTP route names to those of its messages.
//!
//! # Why
//! A variable in the path and the body fill fields of the request: one that isn't there would be dropped in silence.
//!
//! # Fix
//! Name a field of the request, in the path one with a single value, and in `response_body` one of the response.

use crate::check::near::near;
use crate::check::{Context, Rule};
use crate::diagnostic::{Finding, Place};
use crate::schema::option::Http;
use crate::schema::survey::{Field, Message, Method, Value};

pub(in crate::check) const RULE: Rule =
    Rule { id: "HTTP_FIELD_KNOWN", source: include_str!("http_field_known.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let methods = context.survey.services().flat_map(|(_, service)| &service.methods);
    for (method, http) in methods.filter_map(|it| Some((it, it.http.as_ref()?))) {
        route(context, method, http, "", findings);
        for (index, http) in http.additional_bindings.iter().enumerate() {
            route(context, method, http, &format!("additional_bindings[{index}]."), findings);
        }
    }
}

fn route(
    context: &Context<'_>,
    method: &Method,
    http: &Http,
    prefix: &str,
    findings: &mut Vec<Finding>,
) {
    let survey = context.survey;
    let (request, response) =
        (survey.messages.get(&method.request), survey.messages.get(&method.response));
    if let (Some(request), Some(pattern)) = (request, &http.pattern) {
        let (verb, path) = pattern.parts();
        for variable in variables(path) {
            let problem = match field(context, request, variable) {
                None => format!("`{}` has no field `{variable}`", request.name),
                Some(field) if field.repeated || matches!(field.value, Value::Message(_)) => {
                    format!("`{variable}` can't stand in a path: it has no single value")
                }
                Some(_) => continue,
            };
            let part = format!("{{{variable}");
            let place = survey.http(&method.element, &format!("{prefix}{verb}"), &part);
            findings.push(finding(problem, request, variable, place));
        }
    }
    for (name, message, path) in
        [(&http.body, request, "body"), (&http.response_body, response, "response_body")]
    {
        let Some(message) = message.filter(|_| !name.is_empty() && name != "*") else { continue };
        if message.fields.iter().any(|field| field.name == *name) {
            continue;
        }
        let problem = format!("`{}` has no field `{name}`", message.name);
        let place = survey.http(&method.element, &format!("{prefix}{path}"), name);
        findings.push(finding(problem, message, name, place));
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

/// Names between the braces of a path, such as `id` and `name` in `/v1/{id}/{name=shelves/*}`.
fn variables(path: &str) -> impl Iterator<Item = &str> {
    let parts = path.split('{').skip(1);
    parts.map(|part| part.split(['}', '=']).next().unwrap_or_default())
}

/// Follows a path of fields, such as `animal.id`.
fn field<'a>(context: &Context<'a>, message: &'a Message, path: &str) -> Option<&'a Field> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let found = message.fields.iter().find(|field| field.name == name)?;
    let Some(rest) = rest else { return Some(found) };
    match &found.value {
        Value::Message(inner) if !found.repeated => {
            field(context, context.survey.messages.get(inner)?, rest)
        }
        Value::Message(_)
        | Value::Text
        | Value::Bytes
        | Value::Bool
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Enum(_) => None,
    }
}
