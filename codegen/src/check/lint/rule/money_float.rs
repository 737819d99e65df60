//! Keeps money out of floating point.
//!
//! # Why
//! Tenths have no exact value there: sums of prices are off by a cent, and two services disagree on by which.
//!
//! # Fix
//! Count the smallest unit in an integer, with the currency beside it.

use crate::schema::survey::Value;

use crate::check::lint::annotated::Annotated;
use crate::check::lint::report::Report;
use crate::check::lint::{Check, NATS, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "MONEY_FLOAT",
    categories: NATS,
    source: include_str!("money_float.rs"),
    check: Check::Annotated(check),
};

/// Words that mean money.
const WORDS: &[&str] = &[
    "amount",
    "balance",
    "cents",
    "cost",
    "currency",
    "fee",
    "money",
    "payment",
    "price",
    "refund",
    "salary",
    "tax",
    "total_price",
];

fn check(schemas: &Annotated<'_>, report: &mut Report<'_>) {
    for message in schemas.messages() {
        for field in &message.fields {
            let Value::Float(kind) = field.value else { continue };
            if field.name.split('_').any(|word| WORDS.contains(&word)) {
                let message =
                    format!("`{}` is money, and a {kind} can't hold it exactly", field.name);
                report.element(schemas, &field.element, message);
            }
        }
    }
}
