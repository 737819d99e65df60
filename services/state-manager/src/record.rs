//! What a write makes of a record.

use bodybroker_state_manager::v1::{EntityUpdated, VersionConflict};
use prost_types::{Struct, Timestamp};

use crate::merge::merge;

/// What to write.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Merge this into the state.
    Merge(Struct),
    /// Make this the state.
    Replace(Struct),
    /// Delete the entity.
    Delete,
}

/// A write that a caller asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// Identifies the entity.
    pub entity_id: String,
    /// Version that the caller has seen last; `None`: whatever is there.
    pub expected_version: Option<u64>,
    /// What to write.
    pub change: Change,
    /// The caller's idempotency key.
    pub key: Option<String>,
    /// When it happens.
    pub at: Timestamp,
}

impl Write {
    /// The record after this one; `None` for the first.
    ///
    /// # Errors
    /// When the caller has not seen the current version.
    pub fn apply(&self, old: Option<&EntityUpdated>) -> Result<EntityUpdated, VersionConflict> {
        let current = old.map_or(0, |old| old.version);
        let live = old.filter(|old| !old.deleted);
        let fresh = match self.expected_version {
            None => true,
            // A deleted entity doesn't exist: 0 says so, and so does the version of its deletion.
            Some(0) => live.is_none(),
            Some(expected) => expected == current,
        };
        if !fresh {
            return Err(VersionConflict {
                entity_id: self.entity_id.clone(),
                expected_version: self.expected_version.unwrap_or_default(),
                current_version: current,
            });
        }
        let state = live.and_then(|live| live.data.clone());
        let data = match &self.change {
            Change::Merge(patch) => Some(merge(state.unwrap_or_default(), patch.clone())),
            Change::Replace(whole) => Some(whole.clone()),
            Change::Delete => None,
        };
        Ok(EntityUpdated {
            entity_id: self.entity_id.clone(),
            version: current + 1,
            deleted: data.is_none(),
            data,
            created_at: live.map_or(Some(self.at), |live| live.created_at),
            updated_at: Some(self.at),
            idempotency_key: self.key.clone(),
        })
    }

    /// Whether a record is this write, which a caller then repeats.
    #[must_use]
    pub fn made(&self, record: &EntityUpdated) -> bool {
        self.key.is_some() && record.idempotency_key == self.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(expected_version: Option<u64>, change: Change) -> Write {
        Write {
            entity_id: "hero".into(),
            expected_version,
            change,
            key: None,
            at: Timestamp::default(),
        }
    }

    fn replace(expected_version: Option<u64>) -> Write {
        write(expected_version, Change::Replace(Struct::default()))
    }

    fn record(version: u64, deleted: bool) -> EntityUpdated {
        EntityUpdated { entity_id: "hero".into(), version, deleted, ..EntityUpdated::default() }
    }

    #[test]
    fn versions_count_from_one_and_go_on_after_a_deletion() {
        let first = replace(Some(0)).apply(None).expect("nothing is there");
        let gone = write(Some(1), Change::Delete).apply(Some(&first)).expect("it is version 1");
        let again = replace(Some(0)).apply(Some(&gone)).expect("it is gone");
        assert_eq!((first.version, gone.version, again.version), (1, 2, 3));
        assert!(gone.deleted && !again.deleted);
    }

    #[test]
    fn a_stale_version_is_refused_with_the_current_one() {
        for (expected, old) in [(4, Some(record(5, false))), (6, Some(record(5, false))), (1, None)]
        {
            let conflict = replace(Some(expected)).apply(old.as_ref()).expect_err("it is stale");
            assert_eq!(conflict.current_version, old.map_or(0, |old| old.version));
        }
    }

    #[test]
    fn an_entity_that_must_not_exist_may_be_deleted_but_not_live() {
        assert!(replace(Some(0)).apply(Some(&record(5, true))).is_ok());
        assert!(replace(Some(5)).apply(Some(&record(5, true))).is_ok());
        assert!(replace(Some(0)).apply(Some(&record(5, false))).is_err());
    }

    #[test]
    fn without_an_expectation_whatever_is_there_is_overwritten() {
        assert_eq!(replace(None).apply(Some(&record(5, false))).map(|new| new.version), Ok(6));
    }

    #[test]
    fn a_patch_of_a_deleted_entity_starts_empty() {
        let old = EntityUpdated { data: None, ..record(2, true) };
        let new =
            write(None, Change::Merge(Struct::default())).apply(Some(&old)).expect("anything goes");
        assert_eq!(new.data, Some(Struct::default()));
    }
}
