//! Generated stores find values by every kind of field that a schema may name.

use bodybroker_runtime::durable::IndexConflict;
use bodybroker_runtime::{Bus, Code, Connection, Result};
use futures::TryStreamExt as _;
use golden::api::common::v1::animal::{Body, body::Kind};
use golden::api::zoo::v1::animal::Last;
use golden::api::zoo::v1::{Animal, AnimalStore, Mood, Option as Choice, OptionStore};

fn animal(name: &str, moods: &[Mood]) -> Animal {
    Animal {
        name: name.to_owned(),
        moods: moods.iter().map(|mood| i32::from(*mood)).collect(),
        other: Some(Body { kind: Kind::Solid.into() }),
        bites: Some(false),
        number: Some(-7),
        last: Some(Last::Slept(-1)),
        ..Animal::default()
    }
}

async fn moody(store: &AnimalStore, mood: Mood) -> Result<Vec<String>> {
    let found = store.by_mood(mood, Kind::Solid, false, -7, -1).entries();
    found.map_ok(|entry| entry.value.name).try_collect().await
}

#[bodybroker_runtime::test]
async fn values_are_found_by_fields_of_every_kind() -> Result<()> {
    let connection = Connection::local(&Bus::new(), "zoo");
    let store = AnimalStore::open(&connection)?;
    let leo = animal("leo", &[Mood::Fine, Mood::Frozen]);
    store.create("1", &leo).await?;
    store.create("2", &animal("mia", &[Mood::Fine])).await?;
    // One that says less isn't found.
    store.create("3", &Animal { bites: None, ..animal("ida", &[Mood::Fine]) }).await?;
    assert_eq!(moody(&store, Mood::Fine).await?, ["leo", "mia"]);
    assert_eq!(moody(&store, Mood::Frozen).await?, ["leo"]);
    store.put("1", &Animal { moods: vec![Mood::Frozen.into()], ..leo.clone() }).await?;
    assert_eq!(moody(&store, Mood::Fine).await?, ["mia"]);
    assert_eq!(moody(&store, Mood::Frozen).await?, ["leo"]);

    // Whoever opens the bucket keeps its indexes.
    let plain = connection.store(&golden::api::zoo::v1::ANIMAL_BUCKET)?;
    let second = plain.create("4", &leo).await.expect_err("there is a leo");
    assert_eq!(second.code(), Code::AlreadyExists);
    let conflict = IndexConflict { index: "by_name".to_owned(), key: "1".to_owned() };
    assert_eq!(second.detail::<IndexConflict>(), Some(conflict));
    let finding = tokio::spawn(async move { store.by_name("leo").await });
    let found = finding.await.expect("it runs")?.expect("it is there");
    assert_eq!(found.key, "1");
    Ok(())
}

#[bodybroker_runtime::test]
async fn a_field_may_be_called_as_a_keyword_is() -> Result<()> {
    let connection = Connection::local(&Bus::new(), "zoo");
    let store = OptionStore::open_with_outbox(&connection)?;
    let choice = Choice { r#type: "a.b *".to_owned(), self_: Some(true), ..Choice::default() };
    store.put("1", &choice).await?;
    store.put("2", &Choice { self_: None, ..choice.clone() }).await?;
    store.put("3", &Choice { r#type: String::new(), ..choice }).await?;
    let found = store.by_type("a.b *", true).page().await?.entries;
    assert_eq!(found.iter().map(|entry| &*entry.key).collect::<Vec<_>>(), ["1"]);
    assert!(store.by_type("a.b *", false).page().await?.entries.is_empty());
    Ok(())
}
