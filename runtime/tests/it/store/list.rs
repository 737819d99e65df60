//! The entries of a store in the order of their keys. Each body runs on a real server and in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bodybroker_runtime::durable::Durable;
use bodybroker_runtime::store::{Page, Store};
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::{Result, Status};
use futures::TryStreamExt;

use super::{Count, store};
use crate::durable::{everywhere, jetstream};

everywhere! {
    pages_follow_the_order_of_keys,
    only_what_begins_with_a_prefix_is_listed,
    what_is_there_throughout_is_in_exactly_one_page,
    a_key_that_is_written_without_pause_hides_no_other,
}

async fn fill(store: &Store<Count>, keys: impl IntoIterator<Item = String>) -> Result<()> {
    let batch =
        keys.into_iter().fold(store.batch(), |batch, key| batch.put(key, &Count { count: 1 }));
    batch.commit().await.map(drop)
}

/// Every page, one after the other.
async fn pages(store: &Store<Count>, prefix: &str, limit: usize) -> Result<Vec<Vec<String>>> {
    let (mut pages, mut from) = (Vec::new(), Some(String::new()));
    while let Some(begin) = from {
        let list = store.list().prefix(prefix).from(begin).limit(limit);
        let Page { entries, next } = list.page().await?;
        pages.push(entries.into_iter().map(|entry| entry.key).collect());
        from = next;
    }
    Ok(pages)
}

async fn pages_follow_the_order_of_keys(durable: Arc<dyn Durable>) -> Result<()> {
    let store = store(&durable).await?;
    assert_eq!(pages(&store, "", 7).await?, [Vec::<String>::new()]);
    // Escaped, these would come in another order; the last one is hashed.
    let odd = ["", "a b", "a.b", "a=b", "aB", "ä", &"ö".repeat(100)].map(str::to_owned);
    let mut keys: Vec<_> = (0..93).rev().map(|number| format!("k{number}")).chain(odd).collect();
    fill(&store, keys.clone()).await?;
    store.put("gone", &Count { count: 1 }).await?;
    store.remove("gone").await?;
    let linearizable = store.get_linearizable("a b").await?;
    assert!(linearizable.is_some());
    keys.sort();
    let found = pages(&store, "", 7).await?;
    assert!(found.iter().rev().skip(1).all(|page| page.len() == 7));
    assert_eq!(found.concat(), keys);
    let all: Vec<_> = store.list().entries().try_collect().await?;
    assert_eq!(all.into_iter().map(|entry| entry.key).collect::<Vec<_>>(), keys);
    Ok(())
}

async fn only_what_begins_with_a_prefix_is_listed(durable: Arc<dyn Durable>) -> Result<()> {
    let store = store(&durable).await?;
    fill(&store, ["a/1", "a/2", "a/3", "a", "b/1", "A/1"].map(str::to_owned)).await?;
    assert_eq!(pages(&store, "a/", 2).await?, [vec!["a/1", "a/2"], vec!["a/3"]]);
    let from: Vec<_> = store.list().prefix("a/").from("a/2").entries().try_collect().await?;
    assert_eq!(from.len(), 2);
    Ok(())
}

/// Half of the keys stay, and are written again and again; the others come and go.
async fn what_is_there_throughout_is_in_exactly_one_page(durable: Arc<dyn Durable>) -> Result<()> {
    const KEYS: usize = 60;
    let store = store(&durable).await?;
    let key = |number: usize| {
        format!("{:02}{}", number, if number.is_multiple_of(2) { "stays" } else { "goes" })
    };
    fill(&store, (0..KEYS).map(key)).await?;
    let listed = Arc::new(AtomicBool::new(false));
    let writers = (0..2).map(|writer| {
        let (store, listed) = (store.clone(), Arc::clone(&listed));
        tokio::spawn(async move {
            let mut round = writer;
            while !listed.load(Ordering::Relaxed) {
                round += 7;
                let number = round % KEYS;
                if number.is_multiple_of(2) || round % 4 == 1 {
                    store.put(&key(number), &Count { count: 2 }).await?;
                } else {
                    store.remove(&key(number)).await?;
                }
                tokio::task::yield_now().await;
            }
            Ok::<_, Status>(())
        })
    });
    let writers: Vec<_> = writers.collect();
    let stays: Vec<_> = (0..KEYS).step_by(2).map(key).collect();
    for _ in 0..3 {
        let mut found = pages(&store, "", 5).await?.concat();
        assert!(found.is_sorted_by(|a, b| a < b), "{found:?}");
        found.retain(|key| key.ends_with("stays"));
        assert_eq!(found, stays);
    }
    listed.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap()?;
    }
    Ok(())
}

async fn a_key_that_is_written_without_pause_hides_no_other(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    let store = store(&durable).await?;
    fill(&store, (0..20).map(|number| number.to_string())).await?;
    let listed = Arc::new(AtomicBool::new(false));
    let writers = (0..4).map(|_| {
        let (store, listed) = (store.clone(), Arc::clone(&listed));
        tokio::spawn(async move {
            while !listed.load(Ordering::Relaxed) {
                store.put("7", &Count { count: 2 }).await?;
                tokio::task::yield_now().await;
            }
            Ok::<_, Status>(())
        })
    });
    let writers: Vec<_> = writers.collect();
    for _ in 0..10 {
        assert_eq!(pages(&store, "", 100).await?.concat().len(), 20);
        assert_eq!(store.keys().await?.len(), 20);
    }
    listed.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap()?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "takes half a minute: more keys than the server names at once"]
async fn a_list_goes_on_where_an_answer_of_the_server_ends() -> Result<()> {
    const KEYS: usize = 101_000;
    let server = NatsServer::start().await?;
    let durable = jetstream(&server);
    let store = store(&durable).await?;
    for thousand in 0..KEYS / 1000 {
        fill(&store, (0..1000).map(|number| format!("{:06}", thousand * 1000 + number))).await?;
    }
    let end = store.list().from("100990").limit(9).page().await?;
    assert_eq!((end.entries.len(), end.next.as_deref()), (9, Some("100999")));
    let begin = store.list().limit(2).page().await?;
    assert_eq!((begin.entries.len(), begin.next.as_deref()), (2, Some("000002")));
    Ok(())
}
