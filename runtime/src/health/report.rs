//! What a probe is told.

use std::collections::BTreeMap;

use prost_types::Timestamp;
use serde::Serialize;

use super::Trouble;

/// What `/readyz` tells.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) ready: bool,
    not_ready: Vec<NotReady>,
}

#[derive(Debug, Serialize)]
struct NotReady {
    what: String,
    why: String,
    /// Moment in UTC, as RFC 3339 writes it.
    since: String,
}

impl Report {
    pub(super) fn of(troubles: &BTreeMap<String, Trouble>) -> Self {
        let not_ready: Vec<_> = troubles
            .iter()
            .map(|(what, Trouble { why, since })| NotReady {
                what: what.clone(),
                why: why.clone(),
                since: Timestamp::from(*since).to_string(),
            })
            .collect();
        Self { ready: not_ready.is_empty(), not_ready }
    }

    /// The report as JSON.
    pub(super) fn json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }
}
