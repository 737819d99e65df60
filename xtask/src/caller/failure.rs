//! What went wrong with a call, with the details that the schemas know.

use std::fmt;

use bodybroker_runtime::Status;
use bodybroker_runtime::status::Detail;
use prost_reflect::DynamicMessage;
use serde_json::Value;

use crate::catalogue::{self, Catalogue};
use crate::duration;

/// A call's failure.
#[derive(Debug)]
pub(crate) struct Failure {
    status: Status,
    /// Of the status's details those that the schemas know.
    known: Vec<(String, Value)>,
}

impl Failure {
    pub(super) fn new(catalogue: &Catalogue, status: Status) -> Self {
        let known = status.details().iter().filter_map(|detail| read(catalogue, detail)).collect();
        Self { status, known }
    }

    /// The detail of a message's full name.
    pub(crate) fn detail(&self, name: &str) -> Option<&Value> {
        self.known.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

fn read(catalogue: &Catalogue, detail: &Detail) -> Option<(String, Value)> {
    let message = catalogue.message(&detail.type_name).ok()?;
    let message = DynamicMessage::decode(message, detail.value.clone()).ok()?;
    let json = catalogue::to_json(&message, false).ok()?;
    Some((detail.type_name.clone(), serde_json::from_str(&json).ok()?))
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.status.fmt(f)?;
        for detail in self.status.details() {
            let name = &detail.type_name;
            match self.detail(name) {
                Some(value) => write!(f, "\n  {name} {value}")?,
                None => write!(f, "\n  {name} {} bytes", detail.value.len())?,
            }
        }
        match self.status.retry_after() {
            Some(after) => write!(f, "\n  try again after {}", duration::short(after)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}
