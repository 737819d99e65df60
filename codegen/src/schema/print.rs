//! The model as people read it.

use super::model::Model;

/// Prints the whole model.
#[must_use]
pub fn print(model: &Model) -> String {
    format!("{model:#?}\n")
}
