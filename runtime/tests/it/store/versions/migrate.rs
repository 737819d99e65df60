//! Rewriting values of earlier versions. Each body runs on a real server and in memory.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bodybroker_runtime::durable::{Durable, StreamConfig};
use bodybroker_runtime::headers::name;
use bodybroker_runtime::seal::{Keyring, Protection};
use bodybroker_runtime::spec::BucketSpec;
use bodybroker_runtime::store::{Change, Index, Migrated, Migrations, Store, Unique};
use bodybroker_runtime::{Code, Result, Status};
use futures::{FutureExt as _, TryStreamExt as _};

use super::fixture::{
    FIRST, Purse, SECOND, Silver, between, first, open, purse, second, silver, stored, third,
    to_purse, version, wallet,
};
use crate::durable::everywhere;

everywhere! {
    an_interrupted_migration_goes_on_and_loses_no_write_beside_it,
    what_is_migrated_goes_when_it_would_have_gone,
    revisions_stay_and_watchers_hear_of_it,
    what_is_migrated_is_found_by_what_it_says_now,
    what_is_migrated_stays_sealed_and_compressed,
    a_value_that_can_not_be_migrated_holds_up_no_other,
    what_is_newer_is_left_alone,
}

fn done(looked_at: u64, rewritten: u64) -> Migrated {
    Migrated { looked_at, rewritten, failed: 0 }
}

async fn an_interrupted_migration_goes_on_and_loses_no_write_beside_it(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    let old = first(&durable).await?;
    for number in 0..100 {
        old.put(&number.to_string(), &silver("Ada Lee", number)).await?;
    }
    old.remove("99").await?;
    let store = open(&durable, second())?;
    // Whoever dies tells nobody.
    let dying = store.migrate(|so_far| assert!(so_far.rewritten < 10, "it is interrupted here"));
    AssertUnwindSafe(dying).catch_unwind().await.unwrap_err();
    let paying = async {
        for number in (0..99).rev() {
            let pay = |old: Option<Purse>| {
                let old = old.unwrap();
                Ok(Purse { silver: old.silver + 1, ..old })
            };
            let key = number.to_string();
            super::patiently(|| store.modify(&key, pay)).await?;
        }
        Ok::<_, Status>(())
    };
    let (migrated, ()) = tokio::try_join!(store.migrate(|_| {}), paying)?;
    assert!(migrated.rewritten <= 89, "{migrated:?}");
    for number in 0..99 {
        let key = number.to_string();
        assert_eq!(version(&durable, &key).await?, "2");
        assert_eq!(store.get(&key).await?.unwrap().value, purse("Ada Lee", 0, number + 1));
    }
    let mut told = Vec::new();
    assert_eq!(store.migrate(|so_far| told.push(so_far.looked_at)).await?, done(100, 0));
    assert_eq!(told, (1..=100).collect::<Vec<_>>());
    Ok(())
}

static HOURS: BucketSpec = BucketSpec { ttl: Some(Duration::from_hours(1)), ..SECOND };

async fn what_is_migrated_goes_when_it_would_have_gone(durable: Arc<dyn Durable>) -> Result<()> {
    let config =
        StreamConfig { max_age: Some(Duration::from_hours(1)), ..StreamConfig::of_bucket(&FIRST) };
    durable.provision(&config).await?;
    let old: Store<Silver> = open(&durable, &FIRST)?;
    old.put("hour", &silver("Ada Lee", 1)).await?;
    old.put("hour", &silver("Ada Lee", 2)).await?;
    old.put("short", &silver("Ada Lee", 3)).expires_in(Duration::from_secs(4)).await?;
    // Time is what has to pass.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let store: Store<Purse> = open(&durable, (&HOURS, Migrations::new().from(1, to_purse)))?;
    assert_eq!(store.migrate(|_| {}).await?, done(2, 2));
    let ttl = async |key: &str| {
        let headers = stored(&durable, key).await?.headers;
        let seconds: u64 = headers.get(name::TTL).unwrap().trim_end_matches('s').parse().unwrap();
        Ok::<_, Status>(seconds)
    };
    assert!((3500..3600).contains(&ttl("hour").await?), "{:?}", stored(&durable, "hour").await?);
    assert!((1..=3).contains(&ttl("short").await?), "{:?}", stored(&durable, "short").await?);
    assert_eq!(store.history("hour").await?.len(), 3);
    while store.get("short").await?.is_some() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(store.history("short").await?.is_empty());
    assert_eq!(store.keys().await?, ["hour"]);
    Ok(())
}

async fn revisions_stay_and_watchers_hear_of_it(durable: Arc<dyn Durable>) -> Result<()> {
    let old = first(&durable).await?;
    old.put("a", &silver("Ada Lee", 1)).await?;
    old.put("a", &silver("Ada Lee", 2)).await?;
    let store = open(&durable, second())?;
    let mut watch = store.watch("a").await?;
    assert_eq!(store.migrate(|_| {}).await?, done(1, 1));
    let history = store.history("a").await?;
    let of: Vec<_> = history.iter().map(|it| it.value.as_ref().unwrap().silver).collect();
    assert_eq!(of, [1, 2, 2]);
    let mut seen = Vec::new();
    while seen.len() < 2 {
        if let Change::Put(entry) = watch.next().await.unwrap()? {
            seen.push((entry.revision, entry.value.silver));
        }
    }
    assert_eq!(seen, [(history[1].revision, 2), (history[2].revision, 2)]);
    Ok(())
}

async fn what_is_migrated_is_found_by_what_it_says_now(durable: Arc<dyn Durable>) -> Result<()> {
    const SAYS: Index<Silver> = Index::new("worth", |it| vec![it.silver.to_string()]);
    const WORTH: Index<Purse> = Index::new("worth", |it| vec![format!("{}g", it.gold)]);
    const OWNER: Unique<Purse> = Unique::new("owner", |it| vec![it.owner.clone()]);
    let old = first(&durable).await?.with_index(&SAYS);
    old.put("a", &silver("Ada Lee", 301)).await?;
    old.put("b", &silver("Bo Ek", 502)).await?;
    let store = open(&durable, second())?.with_index(&WORTH).with_unique(&OWNER);
    assert_eq!(store.migrate(|_| {}).await?, done(2, 2));
    let found: Vec<_> = store.by(&WORTH, ["3g"]).entries().try_collect().await?;
    assert_eq!(found.iter().map(|it| &*it.key).collect::<Vec<_>>(), ["a"]);
    assert_eq!(store.find(&OWNER, ["Bo Ek"]).await?.unwrap().key, "b");
    let second_of_the_name = store.put("c", &purse("Bo Ek", 0, 0)).await.unwrap_err();
    assert_eq!(second_of_the_name.code(), Code::AlreadyExists);
    let of_before: Vec<_> = store.by(&WORTH, ["301"]).entries().try_collect().await?;
    assert!(of_before.is_empty());
    Ok(())
}

async fn what_is_migrated_stays_sealed_and_compressed(durable: Arc<dyn Durable>) -> Result<()> {
    durable.provision(&StreamConfig::of_bucket(&FIRST)).await?;
    let protection = Protection::new(Keyring::random());
    let old: Store<Silver> = Store::protected(&durable, &FIRST, &protection)?;
    old.put("a", &silver("hunter2 Lee", 301)).await?;
    let words: Vec<_> = (0..10_000).map(|number: u32| number.to_string()).collect();
    let long = Purse { note: words.join(" "), ..purse("hunter2 Lee", 3, 1) };
    let store = Store::protected(&durable, second(), &protection)?;
    store.put("b", &long).await?;
    let store = Store::protected(&durable, third(), &protection)?;
    assert_eq!(store.migrate(|_| {}).await?, done(2, 2));
    // The second name alone is a secret now.
    let now = stored(&durable, "a").await?.plain().unwrap();
    let shows = |word: &[u8]| now.windows(word.len()).any(|it| it == word);
    assert!(shows(b"hunter2") && !shows(b"Lee"));
    assert_eq!(store.get("a").await?.unwrap().value, wallet("hunter2", "Lee", 3, 1));
    let stored = stored(&durable, "b").await?;
    assert_eq!(stored.headers.get(name::CONTENT_ENCODING), Some("zstd"));
    assert!(stored.payload.len() < long.note.len() / 2);
    assert_eq!(store.get("b").await?.unwrap().value.note, long.note);
    Ok(())
}

async fn a_value_that_can_not_be_migrated_holds_up_no_other(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    let old = first(&durable).await?;
    for (key, owner) in [("a", "Ada Lee"), ("b", "nobody"), ("c", "Cy Orr")] {
        old.put(key, &silver(owner, 1)).await?;
    }
    let store = open(&durable, second())?;
    let mut last = Migrated::default();
    let status = store.migrate(|so_far| last = so_far).await.unwrap_err();
    assert_eq!(status.code(), Code::DataLoss);
    assert!(status.message().contains("`b`"), "{status}");
    assert_eq!(last, Migrated { looked_at: 3, rewritten: 2, failed: 1 });
    assert_eq!(version(&durable, "c").await?, "2");
    Ok(())
}

async fn what_is_newer_is_left_alone(durable: Arc<dyn Durable>) -> Result<()> {
    first(&durable).await?.put("a", &silver("Ada Lee", 1)).await?;
    let expanded = open(&durable, between())?;
    assert_eq!(expanded.migrate(|_| {}).await?, done(1, 0));
    let revision = open(&durable, third())?.put("b", &wallet("Bo", "Ek", 1, 0)).await?;
    assert_eq!(open(&durable, second())?.migrate(|_| {}).await?, done(2, 1));
    let b = open(&durable, third())?.get("b").await?.unwrap();
    assert_eq!((b.revision, b.value), (revision, wallet("Bo", "Ek", 1, 0)));
    Ok(())
}
