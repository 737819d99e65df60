//! The records of all entities. A write of a record is its event, too.

use bodybroker_runtime::status::Executed;
use bodybroker_runtime::store::{Store, Watch};
use bodybroker_runtime::{Code, Connection, Declared, Result, Status};
use bodybroker_state_manager::v1::{EntityUpdated, STATE_BUCKET, VersionConflict};

use crate::record::{Change, KeyReused, Write};

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
        for _ in 0..ATTEMPTS_MAX {
            let old = match self.latest(write).await? {
                Latest::Made(made) => return Ok(made),
                Latest::Is(revision, old) => Some((revision, old)),
                Latest::Absent => None,
            };
            let new = match write.apply(old.as_ref().map(|(_, old)| old)) {
                Ok(new) => new,
                Err(conflict) => {
                    let made = made(write, &self.history(&write.entity_id).await?)?;
                    return made.ok_or_else(|| stale(write, conflict).into());
                }
            };
            if matches!(write.change, Change::Delete)
                && old.as_ref().is_none_or(|(_, old)| old.deleted)
            {
                return Err(absent(&write.entity_id));
            }
            let written = match old {
                Some((revision, _)) => self.0.update(&write.entity_id, &new, revision).await,
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

    /// What a write is about to build on. Where only the kept records tell a repetition, its latest one is taken from the
    /// same reading: so whatever was made since then, this write included, is a conflict.
    async fn latest(&self, write: &Write) -> Result<Latest> {
        if !write.is_told_by_records_alone() {
            let entry = self.0.get(&write.entity_id).await?;
            return Ok(
                entry.map_or(Latest::Absent, |entry| Latest::Is(entry.revision, entry.value))
            );
        }
        let mut revisions = self.0.history(&write.entity_id).await?;
        let kept = revisions.iter().rev().filter_map(|revision| revision.value.as_ref());
        if let Some(made) = made(write, kept)? {
            return Ok(Latest::Made(made));
        }
        let last = revisions.pop().and_then(|last| Some((last.revision, last.value?)));
        Ok(last.map_or(Latest::Absent, |(revision, value)| Latest::Is(revision, value)))
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
}

/// What a write finds.
enum Latest {
    /// It was made before.
    Made(EntityUpdated),
    /// A record, with its revision.
    Is(u64, EntityUpdated),
    /// Nothing.
    Absent,
}

/// What a write has done when it came before.
fn made<'a>(
    write: &Write,
    kept: impl IntoIterator<Item = &'a EntityUpdated>,
) -> Result<Option<EntityUpdated>> {
    match write.made(kept) {
        Ok(made) => Ok(made.cloned()),
        Err(KeyReused) => Err(Status::failed_precondition(
            "the idempotency key was used for another request, or by another caller; use a new one",
        )
        .with_executed(Executed::No)),
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
