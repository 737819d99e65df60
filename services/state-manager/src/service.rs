//! The methods of the schema.

use bodybroker_runtime::prelude::*;
use bodybroker_runtime::{field, store};
use bodybroker_state_manager::v1::update_state_request::Change as Asked;
use bodybroker_state_manager::v1::*;
use futures::StreamExt;
use prost::Message;

use crate::StateManager;
use crate::entities::absent;
use crate::record::{Change, Key, Write};
use crate::sequence::Sequence;

/// Entities that one `BatchGet` may name.
const BATCH_MAX: usize = 256;

/// Versions on a page of `History` that doesn't say how many.
const PAGE: u32 = 16;

#[service]
impl StateService for StateManager {
    async fn get_state(
        &self,
        _ctx: &Context,
        request: GetStateRequest,
    ) -> Result<GetStateResponse> {
        let entity_id = field::id("entity_id", &request.entity_id)?;
        let record = self.entities.get(entity_id).await?.ok_or_else(|| absent(entity_id))?;
        Ok(GetStateResponse { entity: Some(entity(record)) })
    }

    async fn update_state(
        &self,
        ctx: &Context,
        request: UpdateStateRequest,
    ) -> Result<UpdateStateResponse, UpdateStateError> {
        let key = key(ctx, &request);
        let change = match request.change {
            Some(Asked::MergePatch(patch)) => {
                field::object("merge_patch", &patch)?;
                Change::Merge(patch)
            }
            Some(Asked::Replacement(whole)) => {
                field::object("replacement", &whole)?;
                Change::Replace(whole)
            }
            None => {
                return Err(Status::invalid_argument(
                    "change is missing; give `merge_patch` or `replacement`",
                ))?;
            }
        };
        let UpdateStateRequest { entity_id, expected_version, .. } = request;
        let write = write(ctx, entity_id, expected_version, change, key)?;
        let record = self.entities.write(&write).await?;
        Ok(UpdateStateResponse { entity: Some(entity(record)) })
    }

    async fn delete_state(
        &self,
        ctx: &Context,
        request: DeleteStateRequest,
    ) -> Result<DeleteStateResponse, DeleteStateError> {
        let key = key(ctx, &request);
        let DeleteStateRequest { entity_id, expected_version } = request;
        let write = write(ctx, entity_id, expected_version, Change::Delete, key)?;
        Ok(DeleteStateResponse { version: self.entities.write(&write).await?.version })
    }

    async fn batch_get(
        &self,
        _ctx: &Context,
        request: BatchGetRequest,
    ) -> Result<BatchGetResponse> {
        let BatchGetRequest { entity_ids } = request;
        if entity_ids.len() > BATCH_MAX {
            let count = entity_ids.len();
            return Err(Status::invalid_argument(format!(
                "{count} entities are named; name at most {BATCH_MAX}"
            )));
        }
        let mut response = BatchGetResponse::default();
        let found = entity_ids.iter().map(|entity_id| async move {
            self.entities.get(field::id("entity_id", entity_id)?).await
        });
        let found = futures::future::try_join_all(found).await?;
        for (entity_id, record) in entity_ids.into_iter().zip(found) {
            match record {
                Some(record) => response.entities.push(entity(record)),
                None => response.missing_entity_ids.push(entity_id),
            }
        }
        Ok(response)
    }

    async fn watch_state(
        &self,
        _ctx: &Context,
        request: WatchStateRequest,
    ) -> Result<Outbound<WatchStateResponse>> {
        let mut sequence = Sequence::begin(request.from_version);
        let changes = self
            .entities
            .watch(field::id("entity_id", &request.entity_id)?, request.from_version)
            .await?;
        Ok(Outbound::new(changes.filter_map(move |change| {
            let told = match change {
                Ok(store::Change::Put(entry)) => sequence.tell(entry.value),
                Ok(_) => None,
                Err(status) => Some(Err(status)),
            };
            let frame = |update| WatchStateResponse { update: Some(update) };
            futures::future::ready(told.map(|told| told.map(frame)))
        })))
    }

    async fn history(&self, _ctx: &Context, request: HistoryRequest) -> Result<HistoryResponse> {
        let before = match request.page_token.as_str() {
            "" => u64::MAX,
            token => token.parse().map_err(|_| {
                Status::invalid_argument("page_token is not one; give what the page before said")
            })?,
        };
        let size = request.page_size.filter(|size| *size > 0).unwrap_or(PAGE) as usize;
        let kept = self.entities.history(field::id("entity_id", &request.entity_id)?).await?;
        let mut versions: Vec<_> =
            kept.into_iter().filter(|record| record.version < before).collect();
        let more = versions.len() > size;
        versions.truncate(size);
        let last = versions.last().filter(|_| more);
        Ok(HistoryResponse {
            next_page_token: last.map(|last| last.version.to_string()).unwrap_or_default(),
            versions,
        })
    }
}

fn write(
    ctx: &Context,
    entity_id: String,
    expected_version: Option<u64>,
    change: Change,
    key: Option<Key>,
) -> Result<Write> {
    field::id("entity_id", &entity_id)?;
    Ok(Write { entity_id, expected_version, change, key, at: ctx.now().into() })
}

/// The call's idempotency key, with a hash of who calls what with which request.
fn key(ctx: &Context, request: &impl Message) -> Option<Key> {
    let text = ctx.idempotency_key()?.to_owned();
    let mut hasher = blake3::Hasher::new();
    for part in [ctx.origin(), ctx.method().map(|method| method.name)] {
        // Neither has a zero in it.
        hasher.update(part.unwrap_or_default().as_bytes()).update(&[0]);
    }
    hasher.update(&request.encode_to_vec());
    Some(Key { text, request: *hasher.finalize().as_bytes() })
}

fn entity(record: EntityUpdated) -> Entity {
    let EntityUpdated { entity_id, version, data, created_at, updated_at, .. } = record;
    Entity { entity_id, version, data, created_at, updated_at }
}
