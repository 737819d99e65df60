use std::sync::Arc;

use bodybroker_runtime::durable::{Durable, Memory};
use bodybroker_runtime::seal::{Keyring, Protection};
use bodybroker_runtime::spec::{BucketSpec, Versions};
use bodybroker_runtime::store::Store;
use bodybroker_runtime::{Bus, Code, Connection, Result};
use golden::api::keeper::v1::{LOCKER_BUCKET, LockerSteps, LockerStore};
use golden::api::zoo::v1::{ESCAPE_BUCKET, GROWN_UP_BUCKET, Secret};

fn secret(cage: &str, key: &str) -> Secret {
    Secret { cage: cage.to_owned(), key: key.to_owned(), ..Secret::default() }
}

const STEPS: LockerSteps = LockerSteps {
    from_2: |body| Ok(secret(&format!("{:?}", body.kind()), "")),
    from_3: |old| Ok(Secret { cage: old.cage.to_uppercase(), ..old }),
    back_to_3: |new| Ok(Secret { cage: new.cage.to_lowercase(), ..new }),
};

/// The release of before, whose values are in the version that is written still.
static BEFORE: BucketSpec = BucketSpec {
    versions: Versions { current: 3, written: 3, earlier: &[] },
    ..LOCKER_BUCKET
};

#[tokio::test]
async fn a_bucket_opens_with_its_steps_and_reads_and_writes_as_they_say() -> Result<()> {
    let durable: Arc<dyn Durable> = Arc::new(Memory::new());
    let protection = Protection::new(Keyring::random());
    let store = Store::protected(&durable, STEPS, &protection)?;
    let before: Store<Secret> = Store::protected(&durable, &BEFORE, &protection)?;
    before.put("a", &secret("lions", "hunter2")).await?;
    assert_eq!(store.get("a").await?.map(|it| it.value), Some(secret("LIONS", "hunter2")));
    store.put("b", &secret("APES", "hunter3")).await?;
    assert_eq!(before.get("b").await?.map(|it| it.value), Some(secret("apes", "hunter3")));
    Ok(())
}

#[bodybroker_runtime::test]
async fn a_store_with_lookups_takes_the_steps() -> Result<()> {
    let connection = Connection::local(&Bus::new(), "keeper");
    let store = LockerStore::open(&connection, STEPS)?;
    connection.store(&BEFORE)?.put("a", &secret("lions", "")).await?;
    store.modify("a", |old| Ok(Secret { spares: vec![String::new()], ..old.unwrap_or_default() })).await?;
    assert_eq!(store.by_cage("LIONS").page().await?.entries.len(), 1);
    assert!(store.by_cage("lions").page().await?.entries.is_empty());
    Ok(())
}

#[test]
fn a_bucket_that_had_other_versions_does_not_open_without_its_steps() {
    let durable: Arc<dyn Durable> = Arc::new(Memory::new());
    let status = Store::<Secret>::open(&durable, &LOCKER_BUCKET).unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains("version 2"), "{status}");
    assert_eq!((ESCAPE_BUCKET.versions.current, GROWN_UP_BUCKET.versions.written), (2, 2));
}
