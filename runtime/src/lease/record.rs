//! A lease as its bucket holds it.

use std::time::Duration;

/// A lease. The fields are those of every schema's lease message, whatever it is called.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct LeaseRecord {
    /// What is led.
    #[prost(string, tag = "1")]
    pub(super) key: String,
    /// Who leads; empty when the last one gave it back.
    #[prost(string, tag = "2")]
    pub(super) holder: String,
    /// Counts the leaders from 1.
    #[prost(uint64, tag = "3")]
    pub(super) term: u64,
    /// How long the record must be seen unchanged before somebody else may take over.
    #[prost(message, optional, tag = "4")]
    validity: Option<prost_types::Duration>,
    /// Counts the holder's renewals, so that each is a change that others can see.
    #[prost(uint64, tag = "5")]
    pub(super) renewals: u64,
}

impl LeaseRecord {
    pub(super) fn new(key: &str, holder: &str, term: u64, validity: Duration) -> Self {
        Self {
            key: key.to_owned(),
            holder: holder.to_owned(),
            term,
            validity: prost_types::Duration::try_from(validity).ok(),
            renewals: 0,
        }
    }

    /// How long others have to wait.
    pub(super) fn validity(&self) -> Duration {
        let validity = self.validity.and_then(|validity| Duration::try_from(validity).ok());
        // A record without one was written by hand: err on the side of waiting.
        validity.filter(|validity| !validity.is_zero()).unwrap_or(Duration::from_secs(30))
    }
}
