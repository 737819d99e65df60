//! Keeps secrets out of logs.
//!
//! # Why
//! A field that is not marked is printed by `Debug`, and so ends in logs, traces and error reports, which many may
//! read and nobody deletes.
//!
//! # Fix
//! Mark the field: `[(bodybroker.options.v1.field) = {sensitive: true}]`.

use crate::schema::survey::Value;

use crate::check::lint::annotated::Annotated;
use crate::check::lint::report::Report;
use crate::check::lint::{Check, NATS, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "SECRET_SENSITIVE",
    categories: NATS,
    source: include_str!("secret_sensitive.rs"),
    check: Check::Annotated(check),
};

/// Ends of names that mean a secret.
const ENDS: &[&str] = &[
    "password",
    "passphrase",
    "passwd",
    "secret",
    "private_key",
    "api_key",
    "access_token",
    "refresh_token",
    "auth_token",
    "bearer_token",
    "session_token",
    "credential",
    "credentials",
];

fn check(schemas: &Annotated<'_>, report: &mut Report<'_>) {
    for message in schemas.messages() {
        for field in message.fields.iter().filter(|field| !field.sensitive) {
            let text = matches!(field.value, Value::Text | Value::Bytes);
            if text && is_secret(&field.name) {
                let message =
                    format!("`{}` looks like a secret and isn't marked sensitive", field.name);
                report.element(schemas, &field.element, message);
            }
        }
    }
}

/// What is made of a secret is one as well, or can be tried against it.
fn is_secret(name: &str) -> bool {
    let name = name.trim_end_matches("_hash").trim_end_matches("_salt");
    ENDS.iter().any(|end| {
        name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
    })
}
