//! What a refused compare-and-set tells.

use crate::status::Status;

/// The detail of an `ABORTED` write: the revision that is there.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct RevisionConflict {
    /// Revision of the value that is there; 0 when there is none.
    #[prost(uint64, tag = "1")]
    pub current_revision: u64,
    /// Whose revision it is, where several keys were to be written in one step.
    #[prost(string, tag = "2")]
    pub key: String,
}

impl prost::Name for RevisionConflict {
    const NAME: &'static str = "RevisionConflict";
    const PACKAGE: &'static str = "bodybroker.common.v1";
}

/// The detail of a write that was refused with `ALREADY_EXISTS`, because one value at most may say what it says.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct IndexConflict {
    /// Name of the index.
    #[prost(string, tag = "1")]
    pub index: String,
    /// Key of the value that says it.
    #[prost(string, tag = "2")]
    pub key: String,
}

impl prost::Name for IndexConflict {
    const NAME: &'static str = "IndexConflict";
    const PACKAGE: &'static str = "bodybroker.common.v1";
}

impl RevisionConflict {
    /// Finds the revision that is there in the status of a refused write.
    #[must_use]
    pub fn current(status: &Status) -> Option<u64> {
        status.detail::<Self>().map(|conflict| conflict.current_revision)
    }

    /// Makes the status of a refused write.
    #[must_use]
    pub(crate) fn status(subject: &str, current_revision: u64) -> Status {
        Status::aborted(format!(
            "{subject} has changed: its revision is {current_revision}; read it again and repeat"
        ))
        .with_detail(&Self { current_revision, key: String::new() })
    }
}
