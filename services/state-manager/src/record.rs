//! What a write makes of a record.

use bodybroker_state_manager::v1::{EntityUpdated, VersionConflict};
use bytes::Bytes;
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

/// An idempotency key, and what it was given for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub text: String,
    /// Hash of who called what with which request.
    pub request: [u8; 32],
}

/// Says that a key was given for another request before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyReused;

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
    pub key: Option<Key>,
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
            idempotency_key: self.key.as_ref().map(|key| key.text.clone()),
            request_hash: self.key.as_ref().map(|key| Bytes::copy_from_slice(&key.request)),
        })
    }

    /// Whether only the records tell if it was made before: by its version nobody could.
    #[must_use]
    pub fn is_told_by_records_alone(&self) -> bool {
        self.key.is_some() && matches!(self.expected_version, None | Some(0))
    }

    /// The record among those given that is this write, which a caller then repeats.
    ///
    /// # Errors
    /// When the key was given for something else.
    pub fn made<'a>(
        &self,
        records: impl IntoIterator<Item = &'a EntityUpdated>,
    ) -> Result<Option<&'a EntityUpdated>, KeyReused> {
        let Some(key) = &self.key else { return Ok(None) };
        let mut reused = false;
        for record in records {
            if record.idempotency_key.as_ref() != Some(&key.text) {
                continue;
            }
            match &record.request_hash {
                Some(hash) if hash[..] != key.request => reused = true,
                _ => return Ok(Some(record)),
            }
        }
        if reused { Err(KeyReused) } else { Ok(None) }
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

    fn keyed(text: &str, request: u8) -> Write {
        let key = Key { text: text.into(), request: [request; 32] };
        Write { key: Some(key), ..replace(None) }
    }

    #[test]
    fn a_repetition_is_known_by_its_key_and_its_request() {
        let other = keyed("k1", 1).apply(None).expect("anything goes");
        let first = keyed("k2", 2).apply(Some(&other)).expect("anything goes");
        let records = [first, other];
        assert_eq!(keyed("k2", 2).made(&records), Ok(Some(&records[0])));
        assert_eq!(keyed("k2", 3).made(&records), Err(KeyReused));
        assert_eq!(keyed("k3", 2).made(&records), Ok(None));
        assert_eq!(replace(None).made(&records), Ok(None));
    }

    #[test]
    fn of_two_requests_with_one_key_each_is_known() {
        let first = keyed("k", 1).apply(None).expect("anything goes");
        let second = keyed("k", 2).apply(Some(&first)).expect("anything goes");
        let records = [second, first];
        assert_eq!(keyed("k", 1).made(&records), Ok(Some(&records[1])));
        assert_eq!(keyed("k", 2).made(&records), Ok(Some(&records[0])));
    }

    #[test]
    fn a_record_of_an_older_release_is_known_by_its_key_alone() {
        let mut old = keyed("k", 1).apply(None).expect("anything goes");
        old.request_hash = None;
        assert_eq!(keyed("k", 2).made([&old]), Ok(Some(&old)));
    }

    #[test]
    fn a_patch_of_a_deleted_entity_starts_empty() {
        let old = EntityUpdated { data: None, ..record(2, true) };
        let new =
            write(None, Change::Merge(Struct::default())).apply(Some(&old)).expect("anything goes");
        assert_eq!(new.data, Some(Struct::default()));
    }
}
