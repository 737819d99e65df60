//! Whether what a service stores is kept as safely as its schema says.

use std::collections::BTreeMap;

use crate::connection::Connection;
use crate::durable::{Safety, StreamConfig};
use crate::spec::{ServiceSpec, Storage};
use crate::status::{Result, Status};

/// Refuses a service whose streams or buckets are weaker than declared, or only says so where that is `allowed`. What isn't
/// there can't be judged; who uses it will notice.
///
/// # Errors
/// `FAILED_PRECONDITION` with everything that is weaker.
pub(super) async fn check(
    connection: &Connection,
    spec: &'static ServiceSpec,
    allowed: bool,
) -> Result<()> {
    let mut weaker = Vec::new();
    for (stream, declared) in declared(spec) {
        if let Some(live) = connection.durable().safety(&stream).await? {
            weaker.extend(compare(live, declared).map(|how| format!("{stream} {how}")));
        }
    }
    if weaker.is_empty() {
        return Ok(());
    }
    let weaker = weaker.join("; ");
    if allowed {
        tracing::warn!(service = spec.name, weaker, "storage is weaker than declared");
        return Ok(());
    }
    Err(Status::failed_precondition(format!(
        "storage is weaker than the schema says: {weaker}. Provision it on a cluster that can keep it, or set \
         BB_WEAK_STORAGE=true where data may be lost"
    )))
}

/// What the schema says of every stream that a service reads or writes.
fn declared(spec: &'static ServiceSpec) -> BTreeMap<String, Safety> {
    let kept = |storage, replicas| Safety { storage, replicas, written: true };
    let replies = spec.methods.iter().filter_map(|method| Some(method.replay?.bucket));
    let buckets = spec.buckets.iter().copied().chain(replies).map(|bucket| {
        (StreamConfig::of_bucket(bucket).name, kept(bucket.storage, bucket.replicas))
    });
    let consumed = spec.consumes.iter().map(|consume| consume.event);
    let events = spec.publishes.iter().copied().chain(consumed);
    let streams =
        events.map(|event| (event.stream.to_owned(), kept(event.storage, event.replicas)));
    buckets.chain(streams).collect()
}

/// In what a stream is weaker than declared.
fn compare(live: Safety, declared: Safety) -> impl Iterator<Item = String> {
    let copies = (live.replicas < declared.replicas)
        .then(|| format!("has {} of {} copies", live.replicas, declared.replicas));
    let forgets = (live.storage, declared.storage) == (Storage::Memory, Storage::File);
    let forgets = forgets.then(|| "is kept in memory, not on disk".to_owned());
    let early = (declared.written && !live.written)
        .then(|| "acknowledges what isn't written yet (persist mode `async`)".to_owned());
    [copies, forgets, early].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_weaker_is_named_and_what_is_stronger_is_not() {
        let declared = Safety { storage: Storage::File, replicas: 3, written: true };
        let weaker = |live| compare(live, declared).collect::<Vec<_>>().join(", ");
        assert_eq!(weaker(declared), "");
        assert_eq!(weaker(Safety { replicas: 5, ..declared }), "");
        assert_eq!(weaker(Safety { replicas: 1, ..declared }), "has 1 of 3 copies");
        let forgetful = Safety { storage: Storage::Memory, ..declared };
        assert_eq!(weaker(forgetful), "is kept in memory, not on disk");
        assert_eq!(compare(declared, forgetful).count(), 0);
        assert!(weaker(Safety { written: false, ..declared }).contains("persist mode `async`"));
    }
}
