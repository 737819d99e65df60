//! Finding values by what they say. Each body runs on a real server and in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bodybroker_runtime::durable::{Durable, IndexConflict, Start, StreamConfig, StreamSource};
use bodybroker_runtime::spec::{
    BucketSpec, IndexField, IndexSpec, Occurs, Scalar, Storage, Versions,
};
use bodybroker_runtime::store::{Change, Index, Store, Unique};
use bodybroker_runtime::subject::Filter;
use bodybroker_runtime::{Code, Result, Status};
use futures::future::join_all;
use futures::{StreamExt, TryStreamExt};

use crate::durable::{events, everywhere};

everywhere! {
    values_are_found_by_what_they_say_now,
    one_value_at_most_says_what_is_unique,
    of_many_who_say_the_same_at_once_one_may,
    who_moves_to_many_places_at_once_is_in_one,
    entries_of_an_index_are_neither_keys_nor_events,
    who_stays_is_found_while_others_move,
    values_of_before_are_found_once_they_are_indexed,
    what_expires_is_not_found_and_what_is_renewed_is,
    whoever_opens_a_bucket_keeps_what_its_schema_declares,
    who_writes_again_what_has_no_entries_adds_them,
}

/// A message as prost would generate it.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Citizen {
    #[prost(string, tag = "1")]
    city: String,
    #[prost(string, tag = "2")]
    email: String,
    #[prost(uint32, tag = "3")]
    age: u32,
    #[prost(string, repeated, tag = "4")]
    pub(super) clubs: Vec<String>,
}

impl prost::Name for Citizen {
    const NAME: &'static str = "Citizen";
    const PACKAGE: &'static str = "test.v1";
}

const BY_CITY: Index<Citizen> = Index::new("city", |it| vec![it.city.clone()]);
const BY_CITY_AND_AGE: Index<Citizen> =
    Index::new("city-age", |it| vec![it.city.clone(), it.age.to_string()]);
const EMAIL: Unique<Citizen> = Unique::new("email", |it| {
    Some(it.email.clone()).filter(|it| !it.is_empty()).into_iter().collect()
});

pub(super) static SPEC: BucketSpec = spec(None);
/// The same bucket, as a schema with indexes declares it.
pub(super) static DECLARED: BucketSpec = BucketSpec { indexes: &[BY_CLUB, BY_EMAIL], ..spec(None) };
pub(super) const BY_CLUB: IndexSpec = IndexSpec {
    name: "by_club",
    fields: &[
        IndexField { numbers: &[4], scalar: Scalar::Text, occurs: Occurs::Repeated },
        IndexField { numbers: &[3], scalar: Scalar::Unsigned, occurs: Occurs::Always },
    ],
    is_unique: false,
};
pub(super) const BY_EMAIL: IndexSpec = IndexSpec {
    name: "by_email",
    fields: &[IndexField { numbers: &[2], scalar: Scalar::Text, occurs: Occurs::Always }],
    is_unique: true,
};

const fn spec(ttl: Option<Duration>) -> BucketSpec {
    BucketSpec {
        name: "citizens",
        value: "test.v1.Citizen",
        sealed: None,
        indexes: &[],
        history: 4,
        ttl,
        storage: Storage::File,
        replicas: 1,
        versions: Versions::FIRST,
    }
}

fn citizen(city: &str, email: &str) -> Citizen {
    Citizen { city: city.to_owned(), email: email.to_owned(), age: 7, clubs: Vec::new() }
}

async fn plain(durable: &Arc<dyn Durable>, spec: &'static BucketSpec) -> Result<Store<Citizen>> {
    durable.provision(&StreamConfig::of_bucket(spec)).await?;
    Store::open(durable, spec)
}

fn indexed(store: Store<Citizen>) -> Store<Citizen> {
    store.with_index(&BY_CITY).with_index(&BY_CITY_AND_AGE).with_unique(&EMAIL)
}

async fn of_city(store: &Store<Citizen>, city: &str) -> Result<Vec<String>> {
    let entries: Vec<_> = store.by(&BY_CITY, [city]).entries().try_collect().await?;
    Ok(entries.into_iter().map(|entry| entry.key).collect())
}

async fn of_email(store: &Store<Citizen>, email: &str) -> Result<Option<String>> {
    Ok(store.find(&EMAIL, [email]).await?.map(|entry| entry.key))
}

async fn values_are_found_by_what_they_say_now(durable: Arc<dyn Durable>) -> Result<()> {
    let store = indexed(plain(&durable, &SPEC).await?);
    let odd = "Bad Kötzting.*>".repeat(20);
    store.create("a", &citizen("bonn", "")).await?;
    store.batch().put("b", &citizen("bonn", "")).put("c/d", &citizen(&odd, "")).commit().await?;
    let long = "ö".repeat(100);
    let revision = store.put(&long, &citizen("bonn", "")).await?;
    assert_eq!(of_city(&store, "bonn").await?, ["a", "b", &*long]);
    assert_eq!(of_city(&store, &odd).await?, ["c/d"]);
    let page = store.by(&BY_CITY, ["bonn"]).limit(2).page().await?;
    assert_eq!((page.entries.len(), page.next.as_ref()), (2, Some(&long)));
    store.update(&long, &citizen("köln", ""), revision).await?;
    store.modify("a", |old| Ok(Citizen { age: 8, ..old.unwrap() })).await?;
    assert_eq!(of_city(&store, "bonn").await?, ["a", "b"]);
    assert_eq!(of_city(&store, "köln").await?, [&*long]);
    let aged = store.by(&BY_CITY_AND_AGE, ["bonn", "8"]).page().await?;
    assert_eq!(aged.entries.len(), 1);
    store.remove("b").await?;
    let stale = store.update("a", &citizen("trier", ""), revision).await.unwrap_err();
    assert_eq!(stale.code(), Code::Aborted);
    assert_eq!(of_city(&store, "bonn").await?, ["a"]);
    assert!(of_city(&store, "trier").await?.is_empty());
    Ok(())
}

async fn one_value_at_most_says_what_is_unique(durable: Arc<dyn Durable>) -> Result<()> {
    let store = indexed(plain(&durable, &SPEC).await?);
    store.create("a", &citizen("bonn", "a@b")).await?;
    let second = store.create("b", &citizen("bonn", "a@b")).await.unwrap_err();
    assert_eq!(second.code(), Code::AlreadyExists);
    let conflict = IndexConflict { index: "email".to_owned(), key: "a".to_owned() };
    assert_eq!(second.detail::<IndexConflict>(), Some(conflict));
    assert_eq!(store.keys().await?, ["a"]);
    assert_eq!(of_city(&store, "bonn").await?, ["a"]);
    // Who says nothing is in nobody's way.
    store.batch().put("b", &citizen("", "")).put("c", &citizen("", "")).commit().await?;
    let two = store.batch().put("b", &citizen("", "x@y")).put("c", &citizen("", "x@y"));
    assert_eq!(two.commit().await.unwrap_err().code(), Code::AlreadyExists);
    let taken = store.modify("b", |_| Ok(citizen("", "a@b"))).await.unwrap_err();
    assert_eq!(
        (taken.code(), taken.detail()),
        (Code::AlreadyExists, second.detail::<IndexConflict>())
    );
    // In one step two may change places.
    store.put("b", &citizen("", "b@b")).await?;
    store.batch().put("a", &citizen("", "b@b")).put("b", &citizen("", "a@b")).commit().await?;
    assert_eq!(of_email(&store, "a@b").await?.as_deref(), Some("b"));
    assert_eq!(of_email(&store, "b@b").await?.as_deref(), Some("a"));
    store.remove("a").await?;
    assert_eq!(of_email(&store, "b@b").await?, None);
    store.put("c", &citizen("", "b@b")).await?;
    assert_eq!(of_email(&store, "b@b").await?.as_deref(), Some("c"));
    Ok(())
}

async fn of_many_who_say_the_same_at_once_one_may(durable: Arc<dyn Durable>) -> Result<()> {
    let store = indexed(plain(&durable, &SPEC).await?);
    for round in 0..5 {
        let email = format!("{round}@b");
        let tries = (0..6).map(|number| {
            let (store, email) = (store.clone(), email.clone());
            async move { store.put(&format!("{round}-{number}"), &citizen("bonn", &email)).await }
        });
        let outcomes = join_all(tries).await;
        assert_eq!(outcomes.iter().filter(|it| it.is_ok()).count(), 1, "{outcomes:?}");
        let refused = outcomes.into_iter().filter_map(Result::err);
        assert!(refused.into_iter().all(|it| it.code() == Code::AlreadyExists));
        assert!(of_email(&store, &email).await?.is_some());
    }
    assert_eq!(store.keys().await?.len(), 5);
    Ok(())
}

async fn who_moves_to_many_places_at_once_is_in_one(durable: Arc<dyn Durable>) -> Result<()> {
    const PEOPLE: usize = 4;
    let cities = ["bonn", "köln", "trier", "ulm", "jena"];
    let store = indexed(plain(&durable, &SPEC).await?);
    for person in 0..PEOPLE {
        let key = person.to_string();
        store.put(&key, &citizen("berlin", "")).await?;
        let moves = cities.map(|city| {
            let (store, key) = (store.clone(), key.clone());
            async move { store.put(&key, &citizen(city, "")).await }
        });
        for moved in join_all(moves).await {
            moved?;
        }
    }
    entries(&durable, PEOPLE).await
}

async fn entries_of_an_index_are_neither_keys_nor_events(durable: Arc<dyn Durable>) -> Result<()> {
    let store = indexed(plain(&durable, &SPEC).await?);
    let destination = "evt.citizen.changed.v1.{{wildcard(1)}}".to_owned();
    let source = StreamSource { bucket: SPEC.name.to_owned(), destination };
    durable.provision(&events(vec![source])).await?;
    let filter = Filter::literal("evt.>");
    let mut reading = durable.read("EVENTS", &filter, Start::All).await?.messages;
    let mut watch = store.watch_all().await?;
    assert_eq!(watch.next().await.unwrap()?, Change::Current);
    for (key, city) in [("a", "bonn"), ("a", "köln"), ("b", "bonn")] {
        store.put(key, &citizen(city, &format!("{key}@b"))).await?;
        let Change::Put(entry) = watch.next().await.unwrap()? else { panic!("a value") };
        assert_eq!((&*entry.key, &*entry.value.city), (key, city));
        let event = reading.next().await.unwrap()?;
        assert_eq!(event.subject, format!("evt.citizen.changed.v1.{key}"));
        assert!(!event.payload.is_empty());
    }
    assert_eq!(store.keys().await?, ["a", "b"]);
    assert_eq!(store.list().page().await?.entries.len(), 2);
    Ok(())
}

/// Waits until an index has so many entries: what is left of removed ones goes after a second.
async fn entries(durable: &Arc<dyn Durable>, expected: usize) -> Result<()> {
    let limit = Duration::from_secs(15);
    tokio::time::timeout(limit, entries_become(durable, expected)).await.unwrap()
}

async fn entries_become(durable: &Arc<dyn Durable>, expected: usize) -> Result<()> {
    let filter = Filter::literal("$KV.citizens._bb.index.city.>");
    loop {
        let mut names = durable.subjects("KV_citizens", &filter).await?;
        let mut found = 0;
        while let Some(some) = names.next().await {
            found += some?.len();
        }
        if found == expected {
            return Ok(());
        }
        assert!(found > expected, "{found} of {expected}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn who_stays_is_found_while_others_move(durable: Arc<dyn Durable>) -> Result<()> {
    const CITIES: [&str; 3] = ["bonn", "köln", "trier"];
    let store = indexed(plain(&durable, &SPEC).await?);
    let stays: Vec<_> = (0..10).map(|number| format!("stays{number}")).collect();
    let batch = |all: &[String]| {
        all.iter().fold(store.batch(), |batch, key| batch.put(&**key, &citizen("bonn", "")))
    };
    batch(&stays).commit().await?;
    let listed = Arc::new(AtomicBool::new(false));
    let movers = (0..3_usize).map(|mover| {
        let (store, listed) = (store.clone(), Arc::clone(&listed));
        tokio::spawn(async move {
            let mut at = mover;
            while !listed.load(Ordering::Relaxed) {
                at += 1;
                tokio::task::yield_now().await;
                let city = CITIES[at % CITIES.len()];
                store.put(&format!("moves{}", at % 2), &citizen(city, "")).await?;
                // Written again, it stays where it is.
                let stays = format!("stays{}", at % 10);
                store
                    .modify(&stays, |old| {
                        Ok(Citizen { age: 1 + old.as_ref().unwrap().age, ..old.unwrap() })
                    })
                    .await?;
            }
            Ok::<_, Status>(())
        })
    });
    let movers: Vec<_> = movers.collect();
    for _ in 0..10 {
        let found = of_city(&store, "bonn").await?;
        let found: Vec<_> = found.into_iter().filter(|key| key.starts_with("stays")).collect();
        assert_eq!(found, stays);
        tokio::task::yield_now().await;
    }
    listed.store(true, Ordering::Relaxed);
    for mover in movers {
        mover.await.unwrap()?;
    }
    let all = store.entries().await?;
    for city in CITIES {
        let mut there: Vec<_> =
            all.iter().filter(|it| it.value.city == city).map(|it| it.key.clone()).collect();
        there.sort();
        assert_eq!(of_city(&store, city).await?, there);
    }
    entries(&durable, all.len()).await
}

async fn values_of_before_are_found_once_they_are_indexed(durable: Arc<dyn Durable>) -> Result<()> {
    let plain = plain(&durable, &SPEC).await?;
    for number in 0..20 {
        let email = format!("{}@b", number.max(1));
        plain.put(&format!("{number:02}"), &citizen("bonn", &email)).await?;
    }
    plain.remove("19").await?;
    let store = indexed(plain);
    assert!(of_city(&store, "bonn").await?.is_empty());
    // Meanwhile somebody moves.
    let (done, moving) = (AtomicBool::new(false), AtomicBool::new(false));
    let indexing = async {
        while !moving.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
        let twice = store.reindex().await.unwrap_err();
        done.store(true, Ordering::Relaxed);
        let conflict = twice.detail::<IndexConflict>().unwrap();
        assert_eq!((twice.code(), &*conflict.index), (Code::AlreadyExists, "email"));
        assert!(["00", "01"].contains(&&*conflict.key));
        Ok::<_, Status>(())
    };
    let writing = async {
        let mut number = 0_u32;
        while !done.load(Ordering::Relaxed) {
            let city = if number.is_multiple_of(2) { "köln" } else { "bonn" };
            store.put("07", &citizen(city, "7@b")).await?;
            moving.store(true, Ordering::Relaxed);
            number += 1;
            tokio::task::yield_now().await;
        }
        store.put("07", &citizen("köln", "7@b")).await.map(drop)
    };
    tokio::try_join!(indexing, writing)?;
    store.put("00", &citizen("bonn", "0@b")).await?;
    assert_eq!(store.reindex().await?, 20);
    let expected: Vec<_> =
        (0..19).filter(|it| *it != 7).map(|number| format!("{number:02}")).collect();
    assert_eq!(of_city(&store, "bonn").await?, expected);
    assert_eq!(of_city(&store, "köln").await?, ["07"]);
    for number in 0..19 {
        let found = of_email(&store, &format!("{number}@b")).await?;
        assert_eq!(found, Some(format!("{number:02}")));
    }
    entries(&durable, 19).await
}

async fn what_expires_is_not_found_and_what_is_renewed_is(durable: Arc<dyn Durable>) -> Result<()> {
    static BRIEF: BucketSpec = spec(Some(Duration::from_secs(2)));
    let store = indexed(plain(&durable, &BRIEF).await?);
    store.put("goes", &citizen("bonn", "a@b")).await?;
    store.put("soon", &citizen("bonn", "b@b")).expires_in(Duration::from_secs(1)).await?;
    assert_eq!(of_city(&store, "bonn").await?, ["goes", "soon"]);
    while store.get("goes").await?.is_some() {
        store.put("stays", &citizen("bonn", "c@b")).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(of_city(&store, "bonn").await?, ["stays"]);
    store.put("next", &citizen("bonn", "a@b")).await?;
    store.put("stays", &citizen("bonn", "b@b")).await?;
    assert_eq!(of_email(&store, "b@b").await?.as_deref(), Some("stays"));
    Ok(())
}

pub(super) fn member(email: &str, clubs: &[&str]) -> Citizen {
    let clubs = clubs.iter().map(|&club| club.to_owned()).collect();
    Citizen { clubs, ..citizen("bonn", email) }
}

async fn of_club(store: &Store<Citizen>, club: &str) -> Result<Vec<String>> {
    let says = [club.to_owned(), "7".to_owned()];
    let entries: Vec<_> = store.by_declared(&BY_CLUB, says).entries().try_collect().await?;
    Ok(entries.into_iter().map(|entry| entry.key).collect())
}

async fn whoever_opens_a_bucket_keeps_what_its_schema_declares(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    let store = plain(&durable, &DECLARED).await?;
    store.create("a", &member("a@b", &["chess", "golf", "chess"])).await?;
    store.batch().put("b", &member("", &["golf"])).put("c", &member("", &[])).commit().await?;
    assert_eq!(of_club(&store, "golf").await?, ["a", "b"]);
    assert_eq!(of_club(&store, "chess").await?, ["a"]);
    store.put("a", &member("a@b", &["go", "chess"])).await?;
    assert_eq!(of_club(&store, "golf").await?, ["b"]);
    assert_eq!(of_club(&store, "chess").await?, ["a"]);
    assert_eq!(of_club(&store, "go").await?, ["a"]);
    let second = store.put("b", &member("a@b", &[])).await.unwrap_err();
    let conflict = IndexConflict { index: "by_email".to_owned(), key: "a".to_owned() };
    assert_eq!(second.detail::<IndexConflict>(), Some(conflict));
    let found = store.find_declared(&BY_EMAIL, ["a@b".to_owned()]).await?.unwrap();
    assert_eq!(found.key, "a");
    store.remove("a").await?;
    assert!(of_club(&store, "chess").await?.is_empty());
    store.put("b", &member("a@b", &[])).await.map(drop)
}

async fn who_writes_again_what_has_no_entries_adds_them(durable: Arc<dyn Durable>) -> Result<()> {
    let before = plain(&durable, &SPEC).await?;
    before.put("a", &member("a@b", &["golf"])).await?;
    before.put("b", &member("b@b", &["golf"])).await?;
    let store = plain(&durable, &DECLARED).await?;
    assert!(of_club(&store, "golf").await?.is_empty());
    store.put("a", &member("a@b", &["golf"])).await?;
    assert_eq!(of_club(&store, "golf").await?, ["a"]);
    // One who knows no index takes the mark away with the value.
    before.put("a", &member("a@b", &["chess"])).await?;
    store.put("a", &member("a@b", &["chess"])).await?;
    assert_eq!(of_club(&store, "chess").await?, ["a"]);
    assert_eq!(store.reindex().await?, 2);
    assert_eq!(of_club(&store, "golf").await?, ["b"]);
    let second = store.create("c", &member("b@b", &[])).await.unwrap_err();
    assert_eq!(second.code(), Code::AlreadyExists);
    Ok(())
}
