//! Values of several versions in one bucket. Each body runs on a real server and in memory.

use std::sync::Arc;

use bodybroker_runtime::durable::Durable;
use bodybroker_runtime::store::{Change, Index, Migrations, Store};
use bodybroker_runtime::{Code, Result, Status};
use futures::TryStreamExt;

use self::fixture::{
    BETWEEN, FIRST, Purse, SECOND, Silver, THIRD, THIRD_WITHOUT_FIRST, Wallet, between, first,
    open, purse, second, silver, third, to_purse, to_silver, to_wallet, version, wallet, worth,
};
use crate::durable::everywhere;

mod fixture;
mod lookups;
mod migrate;

everywhere! {
    values_of_earlier_versions_are_read_as_they_would_be_now,
    who_is_too_old_is_told_so_and_overwrites_nothing,
    a_value_whose_step_was_given_up_is_neither_read_nor_lost,
    a_value_that_a_step_refuses_is_data_loss,
    values_of_earlier_versions_are_found_by_what_they_say_now,
    instances_of_two_releases_work_side_by_side_and_nothing_is_lost,
    what_the_version_that_is_written_can_not_say_is_refused,
    a_store_does_not_open_without_a_step,
}

async fn values_of_earlier_versions_are_read_as_they_would_be_now(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    first(&durable).await?.put("a", &silver("Ada Lee", 301)).await?;
    open(&durable, second())?.put("b", &purse("Bo Ek", 2, 7)).await?;
    let store = open(&durable, third())?;
    let mut watch = store.watch_all().await?;
    store.put("c", &wallet("Cy", "Orr", 1, 1)).await?;
    let now = [wallet("Ada", "Lee", 3, 1), wallet("Bo", "Ek", 2, 7), wallet("Cy", "Orr", 1, 1)];
    for (key, version_now, wallet) in
        [("a", "none", &now[0]), ("b", "2", &now[1]), ("c", "3", &now[2])]
    {
        assert_eq!(version(&durable, key).await?, version_now);
        assert_eq!(store.get(key).await?.unwrap().value, *wallet);
        assert_eq!(store.get_linearizable(key).await?.unwrap().value, *wallet);
        assert_eq!(store.history(key).await?[0].value.as_ref(), Some(wallet));
        let change = loop {
            match watch.next().await.unwrap()? {
                Change::Current => {}
                change => break change,
            }
        };
        assert!(matches!(change, Change::Put(entry) if entry.value == *wallet));
    }
    let values = |entries: Vec<bodybroker_runtime::store::Entry<Wallet>>| {
        entries.into_iter().map(|entry| entry.value).collect::<Vec<_>>()
    };
    assert_eq!(values(store.entries().await?), now);
    assert_eq!(values(store.list().entries().try_collect().await?), now);
    let revision = store.get("a").await?.unwrap().revision;
    let same = store.modify("a", |old| Ok(old.unwrap())).await?;
    assert_eq!((same.revision, version(&durable, "a").await?.as_str()), (revision, "none"));
    store.modify("a", |old| Ok(Wallet { gold: 9, ..old.unwrap() })).await?;
    assert_eq!(version(&durable, "a").await?, "3");
    assert_eq!(store.get("a").await?.unwrap().value, wallet("Ada", "Lee", 9, 1));
    let history: Vec<_> = store.history("a").await?.into_iter().map(|it| it.value).collect();
    assert_eq!(history, [Some(now[0].clone()), Some(wallet("Ada", "Lee", 9, 1))]);
    Ok(())
}

async fn who_is_too_old_is_told_so_and_overwrites_nothing(durable: Arc<dyn Durable>) -> Result<()> {
    let (one, two) = (first(&durable).await?, open(&durable, second())?);
    let revision = one.put("a", &silver("Ada Lee", 1)).await?;
    let newer = open(&durable, third())?.put("a", &wallet("Ada", "Lee", 3, 1)).await?;
    let refused = [
        one.get("a").await.unwrap_err(),
        one.modify("a", |old| Ok(Silver { silver: 0, ..old.unwrap_or_default() }))
            .await
            .unwrap_err(),
        two.modify("a", |old| Ok(Purse { gold: 0, ..old.unwrap_or_default() })).await.unwrap_err(),
        one.create("a", &silver("Eve", 0)).await.unwrap_err(),
        one.clone().with_index(&BY_OWNER).put("a", &silver("Eve", 0)).await.unwrap_err(),
        one.list().page().await.unwrap_err(),
    ];
    for status in refused {
        assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
        assert!(status.message().contains("`a` in version 3"), "{status}");
    }
    let stale = one.update("a", &silver("Eve", 0), revision).await.unwrap_err();
    assert_eq!(stale.code(), Code::Aborted);
    let there = open(&durable, third())?.get("a").await?.unwrap();
    assert_eq!((there.revision, there.value), (newer, wallet("Ada", "Lee", 3, 1)));
    Ok(())
}

const BY_OWNER: Index<Silver> = Index::new("owner", |it| vec![it.owner.clone()]);
/// Of the same name, and yet of something else.
const BY_SILVER: Index<Silver> = Index::new("gold", |it| vec![it.silver.to_string()]);
const BY_GOLD: Index<Purse> = Index::new("gold", |it| vec![it.gold.to_string()]);

async fn a_value_whose_step_was_given_up_is_neither_read_nor_lost(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    first(&durable).await?.put("a", &silver("Ada Lee", 301)).await?;
    let without = (&THIRD_WITHOUT_FIRST, Migrations::new().from(2, to_wallet));
    let store: Store<Wallet> = open(&durable, without)?;
    let refused = store.modify("a", |_| Ok(Wallet::default())).await.unwrap_err();
    assert_eq!(refused.code(), Code::DataLoss);
    assert!(refused.message().contains("`a` in version 1 still"), "{refused}");
    assert_eq!(store.migrate(|_| {}).await.unwrap_err().code(), Code::DataLoss);
    let value = open(&durable, third())?.get("a").await?.unwrap().value;
    assert_eq!(value, wallet("Ada", "Lee", 3, 1));
    Ok(())
}

async fn a_value_that_a_step_refuses_is_data_loss(durable: Arc<dyn Durable>) -> Result<()> {
    first(&durable).await?.put("a", &silver("nobody", 1)).await?;
    let status = open(&durable, third())?.get("a").await.unwrap_err();
    assert_eq!(status.code(), Code::DataLoss);
    for part in ["wallets", "`a`", "step from 1", "a purse has an owner"] {
        assert!(status.message().contains(part), "{status}");
    }
    Ok(())
}

async fn values_of_earlier_versions_are_found_by_what_they_say_now(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    let old = first(&durable).await?.with_index(&BY_SILVER);
    old.put("a", &silver("Ada Lee", 301)).await?;
    old.put("b", &silver("Bo Ek", 302)).await?;
    let store = open(&durable, second())?.with_index(&BY_GOLD);
    let rich = || async {
        let entries: Vec<_> = store.by(&BY_GOLD, ["3"]).entries().try_collect().await?;
        Ok::<_, Status>(entries.into_iter().map(|entry| entry.key).collect::<Vec<_>>())
    };
    assert_eq!(rich().await?, Vec::<String>::new());
    // What it says now is what it said as a value of this version, but it was found by something else.
    store.modify("b", |old| Ok(Purse { silver: 9, ..old.unwrap() })).await?;
    assert_eq!(rich().await?, ["b"]);
    assert_eq!(store.reindex().await?, 2);
    assert_eq!(rich().await?, ["a", "b"]);
    assert_eq!(version(&durable, "a").await?, "none");
    store.modify("a", |old| Ok(Purse { gold: 4, ..old.unwrap() })).await?;
    assert_eq!(rich().await?, ["b"]);
    Ok(())
}

/// The release of before beside one that reads both, then that beside one that writes both: whoever pays in, it is there.
async fn instances_of_two_releases_work_side_by_side_and_nothing_is_lost(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    let (before, expanded) = (first(&durable).await?, open(&durable, between())?);
    let keys = ["a", "b", "c"];
    let one = async |times: u64| {
        for time in 0..times {
            let key = keys[usize::try_from(time).unwrap() % keys.len()];
            let pay =
                |old: Option<Silver>| Ok(silver("Ada Lee", old.map_or(0, |it| it.silver) + 1));
            patiently(|| before.modify(key, pay)).await?;
        }
        Ok::<_, Status>(())
    };
    let both = async |store: &Store<Purse>, times: u64, note: &str| {
        for time in 0..times {
            let key = keys[usize::try_from(time).unwrap() % keys.len()];
            let pay = |old: Option<Purse>| {
                let old = old.unwrap_or_else(|| purse("Ada Lee", 0, 0));
                let worth = worth(&old) + 1;
                let note = if note.is_empty() { old.note } else { note.to_owned() };
                Ok(Purse { note, ..purse(&old.owner, worth / 100, worth % 100) })
            };
            patiently(|| store.modify(key, pay)).await?;
        }
        Ok::<_, Status>(())
    };
    tokio::try_join!(one(60), both(&expanded, 60, ""))?;
    for key in keys {
        assert_eq!(version(&durable, key).await?, "none");
        assert_eq!(before.get(key).await?.unwrap().value.silver, 40);
    }
    let contracted = open(&durable, second())?;
    contracted.modify("a", |old| Ok(Purse { note: "mine".to_owned(), ..old.unwrap() })).await?;
    tokio::try_join!(both(&expanded, 60, ""), both(&contracted, 60, "mine"))?;
    // Who writes as before has seen that nobody has to be spared any more.
    for key in keys {
        expanded
            .modify(key, |old| {
                Ok(Purse { silver: old.as_ref().unwrap().silver + 1, ..old.unwrap() })
            })
            .await?;
        let value = contracted.get(key).await?.unwrap().value;
        assert_eq!((version(&durable, key).await?.as_str(), value.note.as_str()), ("2", "mine"));
        assert_eq!(worth(&value), 81);
    }
    Ok(())
}

async fn what_the_version_that_is_written_can_not_say_is_refused(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    first(&durable).await?.put("a", &silver("Ada Lee", 1)).await?;
    let expanded = open(&durable, between())?;
    let noted = |old: Option<Purse>| Ok(Purse { note: "mine".to_owned(), ..old.unwrap() });
    let refused = expanded.modify("a", noted).await.unwrap_err();
    assert!(refused.message().contains("silver has no note"), "{refused}");
    assert_eq!(expanded.get("a").await?.unwrap().value, purse("Ada Lee", 0, 1));
    open(&durable, second())?.modify("a", noted).await?;
    let seen = expanded.modify("a", |old| Ok(Purse { gold: 1, ..old.unwrap() })).await?;
    assert_eq!((seen.value.note.as_str(), version(&durable, "a").await?.as_str()), ("mine", "2"));
    Ok(())
}

/// Those who keep losing a key to others ask again.
async fn patiently<T, F: Future<Output = Result<T>>>(attempt: impl Fn() -> F) -> Result<T> {
    loop {
        match attempt().await {
            Err(status) if status.code() == Code::Aborted => tokio::task::yield_now().await,
            ended => return ended,
        }
    }
}

async fn a_store_does_not_open_without_a_step(durable: Arc<dyn Durable>) -> Result<()> {
    let refused = |opened: Result<Store<Wallet>>, part: &str| {
        let status = opened.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert!(status.message().contains(part), "{status}");
    };
    refused(
        open(&durable, &THIRD),
        "wallets may hold values of version 1, and nothing makes those",
    );
    let only = (&THIRD, Migrations::new().from(1, to_purse));
    refused(open(&durable, only), "takes test.v1.Purse and gives test.v1.Wallet");
    let other = (&THIRD, Migrations::new().from(1, to_wallet).from(2, to_wallet));
    refused(open(&durable, other), "make test.v1.Purse of test.v1.Silver");
    let more = Migrations::new().from(1, to_purse).from(2, to_wallet).from(3, to_wallet);
    refused(open(&durable, (&THIRD, more)), "no values of version 3");
    let back: Result<Store<Purse>> =
        open(&durable, (&BETWEEN, Migrations::new().from(1, to_purse)));
    assert!(back.unwrap_err().message().contains("is written in version 1"));
    let needless = Migrations::new().from(1, to_purse).back(to_silver);
    assert!(open(&durable, (&SECOND, needless)).is_ok());
    assert!(open::<Silver>(&durable, &FIRST).is_ok());
    assert_eq!(first(&durable).await?.keys().await?, Vec::<String>::new());
    Ok(())
}
