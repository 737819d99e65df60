//! Values find their way into an index whoever wrote them. Each body runs on a real server and in memory.

use std::time::Duration;

use bodybroker_runtime::connection::Connection;
use bodybroker_runtime::durable::{Append, StreamConfig};
use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::store::Store;
use bodybroker_runtime::subject::{Filter, SubjectBuilder};
use bodybroker_runtime::{Code, Result, Status};
use futures::{StreamExt, TryStreamExt};
use prost::Message;
use tokio::time::timeout;

use super::index::{BY_CLUB, BY_EMAIL, Citizen, DECLARED, SPEC, member};
use crate::event::connected;

connected! {
    values_of_before_are_found_without_anybody_asking_for_it,
    what_an_older_release_writes_is_found_a_moment_later,
    who_comes_after_an_older_release_finds_what_it_wrote,
    a_lookup_says_nothing_before_everything_is_indexed,
    nothing_is_left_out_while_both_releases_write,
}

/// As long as anything may take.
const LIMIT: Duration = Duration::from_secs(15);

/// A store of a release that knows no index.
fn older(connection: &Connection) -> Result<Store<Citizen>> {
    connection.store(&SPEC)
}

fn newer(connection: &Connection) -> Result<Store<Citizen>> {
    Ok(connection.store(&DECLARED)?.with_lookups(connection))
}

async fn provision(connection: &Connection) -> Result<()> {
    connection.durable().provision(&StreamConfig::of_bucket(&SPEC)).await.map(drop)
}

async fn of_club(store: &Store<Citizen>, club: &str) -> Result<Vec<String>> {
    let says = [club.to_owned(), "7".to_owned()];
    let entries: Vec<_> = store.by_declared(&BY_CLUB, says).entries().try_collect().await?;
    Ok(entries.into_iter().map(|entry| entry.key).collect())
}

/// Waits until these are found.
async fn become_of_club(store: &Store<Citizen>, club: &str, expected: &[&str]) -> Result<()> {
    let become_so = async {
        while of_club(store, club).await? != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    };
    timeout(LIMIT, become_so).await.unwrap()
}

/// How often it was noted how far a bucket is indexed.
async fn notes(connection: &Connection) -> Result<usize> {
    let filter = Filter::parse("$KV.citizens._bb.indexed.*")?;
    let mut names = connection.durable().subjects("KV_citizens", &filter).await?;
    let mut count = 0;
    while let Some(some) = names.next().await {
        count += some?.len();
    }
    Ok(count)
}

async fn values_of_before_are_found_without_anybody_asking_for_it<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let [first, second] = [connect("a").await?, connect("b").await?];
    provision(&first).await?;
    let before = older(&first)?;
    let keys: Vec<_> = (0..40).map(|number| format!("{number:02}")).collect();
    for key in &keys {
        before.put(key, &member(&format!("{key}@b"), &["golf"])).await?;
    }
    before.remove("39").await?;
    let (first, second) = (newer(&first)?, newer(&second)?);
    let (found, again) = tokio::try_join!(of_club(&first, "golf"), of_club(&second, "golf"))?;
    assert_eq!((&*found, &*again), (&keys[..39], &keys[..39]));
    let found = second.find_declared(&BY_EMAIL, ["07@b".to_owned()]).await?;
    assert_eq!(found.unwrap().key, "07");
    Ok(())
}

async fn what_an_older_release_writes_is_found_a_moment_later<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("a").await?;
    provision(&connection).await?;
    let (before, store) = (older(&connection)?, newer(&connection)?);
    assert!(of_club(&store, "golf").await?.is_empty());
    before.put("a", &member("a@b", &["golf"])).await?;
    become_of_club(&store, "golf", &["a"]).await?;
    before.put("a", &member("a@b", &["chess"])).await?;
    become_of_club(&store, "chess", &["a"]).await?;
    assert!(of_club(&store, "golf").await?.is_empty());
    // What is there twice is found once, and holds up nothing behind it.
    before.put("b", &member("a@b", &["chess"])).await?;
    before.put("c", &member("c@b", &["golf"])).await?;
    become_of_club(&store, "golf", &["c"]).await?;
    assert_eq!(of_club(&store, "chess").await?, ["a", "b"]);
    let found = store.find_declared(&BY_EMAIL, ["a@b".to_owned()]).await?;
    assert_eq!(found.unwrap().key, "a");
    before.remove("c").await?;
    assert!(of_club(&store, "golf").await?.is_empty());
    Ok(())
}

async fn who_comes_after_an_older_release_finds_what_it_wrote<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("a").await?;
    provision(&connection).await?;
    let leaving = connect("b").await?;
    let store = newer(&leaving)?;
    store.put("a", &member("a@b", &["golf"])).await?;
    assert_eq!(of_club(&store, "golf").await?, ["a"]);
    assert_eq!(notes(&connection).await?, 1);
    leaving.close().await;
    drop(store);
    let before = older(&connection)?;
    before.put("a", &member("a@b", &["chess"])).await?;
    before.put("b", &member("b@b", &["golf"])).await?;
    // Nothing lies between the note and what it wrote, nor behind that.
    assert_eq!(of_club(&newer(&connection)?, "golf").await?, ["b"]);
    assert_eq!(of_club(&newer(&connection)?, "chess").await?, ["a"]);
    assert_eq!(notes(&connection).await?, 1);
    Ok(())
}

/// A lease as the runtime keeps it.
#[derive(Clone, PartialEq, Message)]
struct Lease {
    #[prost(string, tag = "2")]
    holder: String,
    #[prost(message, optional, tag = "4")]
    validity: Option<prost_types::Duration>,
}

async fn a_lookup_says_nothing_before_everything_is_indexed<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("a").await?;
    provision(&connection).await?;
    older(&connection)?.put("a", &member("a@b", &["golf"])).await?;
    // Somebody else has begun, and stands still.
    let validity = Some(prost_types::Duration { seconds: 12, nanos: 0 });
    let lease = Lease { holder: "somebody".to_owned(), validity };
    let key = "index by_club-4tr-3u by_email-2t";
    let held = Append {
        stream: "KV_citizens".to_owned(),
        subject: SubjectBuilder::new("$KV.citizens._bb.lease").token(key).build(),
        headers: Headers::new(),
        payload: lease.encode_to_vec().into(),
        expect: None,
        id: None,
    };
    connection.durable().append(held).await?;
    let store = newer(&connection)?;
    let early = of_club(&store, "golf").await.unwrap_err();
    assert_eq!(early.code(), Code::Unavailable);
    let early = store.find_declared(&BY_EMAIL, ["a@b".to_owned()]).await.unwrap_err();
    assert!(early.retry_after().is_some(), "{early}");
    // By the key, everything is found all the same.
    assert_eq!(store.list().page().await?.entries.len(), 1);
    let indexed = async {
        while of_club(&store, "golf").await.is_err() {}
        of_club(&store, "golf").await
    };
    assert_eq!(timeout(LIMIT, indexed).await.unwrap()?, ["a"]);
    Ok(())
}

async fn nothing_is_left_out_while_both_releases_write<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    const CLUBS: [&str; 3] = ["golf", "chess", "go"];
    let connection = connect("a").await?;
    provision(&connection).await?;
    let before = older(&connection)?;
    for number in 0..20 {
        before.put(&number.to_string(), &member("", &[CLUBS[number % 3]])).await?;
    }
    let store = newer(&connection)?;
    // Both move the same people about, each at its own pace, while what was there is indexed.
    let moving = |store: Store<Citizen>, step: usize| async move {
        for number in 0..100 {
            let clubs = [CLUBS[number * step % 3], CLUBS[(number + step) % 3]];
            store.put(&(number * step % 20).to_string(), &member("", &clubs)).await?;
        }
        Ok::<_, Status>(())
    };
    tokio::try_join!(moving(before.clone(), 1), moving(store.clone(), 7), moving(before, 3))?;
    let all = store.list().page().await?.entries;
    for club in CLUBS {
        let of_it = all.iter().filter(|it| it.value.clubs.iter().any(|it| it == club));
        let expected: Vec<_> = of_it.map(|it| &*it.key).collect();
        assert!(!expected.is_empty());
        become_of_club(&store, club, &expected).await?;
    }
    Ok(())
}
