//! The records of all entities. A write of a record is its event, too.

use bodybroker_runtime::store::{Store, Watch};
use bodybroker_runtime::{Code, Connection, Declared, Result, Status};
use bodybroker_state_manager::v1::{EntityUpdated, STATE_BUCKET, VersionConflict};

use crate::record::{Change, Write};

/// Others may be faster this often before the caller hears of it.
const ATTEMPTS_MAX: usize = 16;

/// The records of all entities.
#[derive(Debug)]
pub(crate) struct Entities(Store<EntityUpdated>);

impl Entities {
    pub(crate) fn open(connection: &Connection) -> Result<Self> {
        Ok(Self(connection.store(&STATE_BUCKET)?))
    }

    /// An entity's record, unless it was never written or is deleted.
    pub(crate) async fn get(&self, entity_id: &str) -> Result<Option<EntityUpdated>> {
        let entry = self.0.get(entity_id).await?;
        Ok(entry.map(|entry| entry.value).filter(|record| !record.deleted))
    }

    /// Writes a record if the caller has seen the latest. A repeated write is answered with what it has done.
    pub(crate) async fn write(&self, write: &Write) -> Result<EntityUpdated> {
        // Nothing tells a late repetition from a write that expects nothing, but the kept records.
        if write.expected_version.is_none()
            && let Some(made) = self.made(write).await?
        {
            return Ok(made);
        }
        for _ in 0..ATTEMPTS_MAX {
            let old = self.0.get(&write.entity_id).await?;
            let new = match write.apply(old.as_ref().map(|old| &old.value)) {
                Ok(new) => new,
                Err(conflict) => {
                    return self.made(write).await?.ok_or_else(|| stale(write, conflict).into());
                }
            };
            if matches!(write.change, Change::Delete)
                && old.as_ref().is_none_or(|old| old.value.deleted)
            {
                return Err(absent(&write.entity_id));
            }
            let written = match &old {
                Some(old) => self.0.update(&write.entity_id, &new, old.revision).await,
                None => self.0.create(&write.entity_id, &new).await,
            };
            match written {
                Ok(_) => return Ok(new),
                Err(status) if matches!(status.code(), Code::Aborted | Code::AlreadyExists) => {}
                Err(status) => return Err(status),
            }
        }
        Err(Status::unavailable(format!("others keep writing `{}`; try again", write.entity_id)))
    }

    /// The versions that are kept, newest first.
    pub(crate) async fn history(&self, entity_id: &str) -> Result<Vec<EntityUpdated>> {
        let revisions = self.0.history(entity_id).await?;
        Ok(revisions.into_iter().rev().filter_map(|revision| revision.value).collect())
    }

    /// Watches an entity from a version on, or from the current one.
    pub(crate) async fn watch(
        &self,
        entity_id: &str,
        from: Option<u64>,
    ) -> Result<Watch<EntityUpdated>> {
        let Some(from) = from.filter(|from| *from > 0) else {
            return self.0.watch(entity_id).await;
        };
        let revisions = self.0.history(entity_id).await?;
        let version =
            |value: &Option<EntityUpdated>| value.as_ref().map_or(0, |record| record.version);
        let oldest = revisions.first().map_or(0, |oldest| version(&oldest.value));
        // The first version stands for whatever is the first that is kept.
        if from > 1 && from < oldest {
            return Err(Status::out_of_range(format!(
                "versions before {oldest} of `{entity_id}` are no longer kept; read it and watch from there"
            )));
        }
        match revisions.iter().find(|revision| version(&revision.value) >= from) {
            Some(first) => self.0.watch_from(Some(entity_id), first.revision).await,
            None => self.0.watch(entity_id).await,
        }
    }

    /// What a write has done when it came before.
    async fn made(&self, write: &Write) -> Result<Option<EntityUpdated>> {
        if write.key.is_none() {
            return Ok(None);
        }
        Ok(self.history(&write.entity_id).await?.into_iter().find(|record| write.made(record)))
    }
}

/// Says that there is no such entity.
pub(crate) fn absent(entity_id: &str) -> Status {
    Status::not_found(format!("there is no entity `{entity_id}`"))
}

fn stale(write: &Write, conflict: VersionConflict) -> Declared<VersionConflict> {
    let VersionConflict { expected_version, current_version, .. } = &conflict;
    Status::aborted(format!(
        "`{}` is at version {current_version}, not {expected_version}; read it and try again",
        write.entity_id
    ))
    .because(conflict)
}
