//! Lookups while values are of several versions. Each body runs on a real server and in memory.

use std::time::Duration;

use bodybroker_runtime::Result;
use bodybroker_runtime::connection::Connection;
use bodybroker_runtime::durable::StreamConfig;
use bodybroker_runtime::spec::{
    BucketSpec, Earlier, IndexField, IndexSpec, Occurs, Scalar, Versions,
};
use bodybroker_runtime::store::{Migrations, Store};
use futures::TryStreamExt as _;
use prost::{Message, Name};
use tokio::time::timeout;

use super::fixture::{FIRST, Purse, SECOND, Silver, purse, silver, to_purse};
use crate::event::connected;

connected! {
    what_was_found_by_something_else_in_its_version_is_found_by_what_it_says_now,
    who_is_too_old_looks_the_others_up,
}

/// As long as anything may take.
const LIMIT: Duration = Duration::from_secs(15);

/// The silver coins: with the gold ones among them in the first version, without in the second. Declared alike in both.
const BY_SILVER: IndexSpec = IndexSpec {
    name: "by_silver",
    fields: &[IndexField { numbers: &[2], scalar: Scalar::Unsigned, occurs: Occurs::Always }],
    is_unique: false,
};

static PLAIN: BucketSpec = BucketSpec { sealed: None, ..FIRST };
static OLD: BucketSpec = BucketSpec { indexes: &[BY_SILVER], ..PLAIN };
static NEW: BucketSpec = BucketSpec {
    sealed: None,
    indexes: &[BY_SILVER],
    versions: Versions {
        current: 2,
        written: 2,
        earlier: &[Earlier { version: 1, value: "test.v1.Silver", sealed: None }],
    },
    ..SECOND
};

async fn old(connection: &Connection) -> Result<Store<Silver>> {
    connection.durable().provision(&StreamConfig::of_bucket(&OLD)).await?;
    Ok(connection.store(&OLD)?.with_lookups(connection))
}

fn new(connection: &Connection) -> Result<Store<Purse>> {
    let steps = Migrations::new().from(1, to_purse);
    Ok(connection.store((&NEW, steps))?.with_lookups(connection))
}

async fn with<T: Message + Default + Name + 'static>(
    store: &Store<T>,
    silver: u64,
) -> Result<Vec<String>> {
    let found = store.by_declared(&BY_SILVER, [silver.to_string()]);
    found.entries().map_ok(|entry| entry.key).try_collect().await
}

async fn what_was_found_by_something_else_in_its_version_is_found_by_what_it_says_now<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let [first, second] = [connect("a").await?, connect("b").await?];
    let old = old(&first).await?;
    old.put("a", &silver("Ada Lee", 301)).await?;
    assert_eq!(with(&old, 301).await?, ["a"]);
    let new = new(&second)?;
    assert_eq!(with(&new, 1).await?, ["a"]);
    assert!(with(&new, 301).await?.is_empty());
    new.modify("a", |it| Ok(Purse { gold: 4, ..it.unwrap() })).await?;
    assert_eq!(with(&new, 1).await?, ["a"]);
    Ok(())
}

/// What it can't read keeps it from nothing else.
async fn who_is_too_old_looks_the_others_up<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let [first, second] = [connect("a").await?, connect("b").await?];
    let old = old(&first).await?;
    assert!(with(&old, 1).await?.is_empty());
    new(&second)?.put("a", &purse("Ada Lee", 3, 7)).await?;
    // Without its entries, so that they are there once this instance has gone past the other one.
    first.store(&PLAIN)?.put("b", &silver("Bo Ek", 8)).await?;
    let found = async {
        while with(&old, 8).await? != ["b"] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    };
    timeout(LIMIT, found).await.unwrap()
}
