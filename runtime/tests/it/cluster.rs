//! A cluster of real servers, and what its faults do.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bodybroker_runtime::durable::{
    Append, Bucket, Durable, Expect, JetStream, Record, StreamConfig, Write,
};
use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::status::Executed;
use bodybroker_runtime::subject::SubjectBuilder;
use bodybroker_runtime::testing::Cluster;
use bodybroker_runtime::{Code, Result, Status};
use futures::{FutureExt, StreamExt};
use tokio::task::JoinHandle;

use crate::durable::{dial, events};
use crate::event::PLACES;

#[tokio::test]
async fn a_stream_outlives_the_death_of_its_leader() -> Result<()> {
    let mut cluster = Cluster::start(3).await?;
    let durable = jetstream(&cluster.url());
    durable.provision(&StreamConfig { replicas: 3, ..events(Vec::new()) }).await?;
    durable.append(message("a")).await?;
    let leader = cluster.leader("EVENTS").await?;
    cluster.kill(leader);
    assert_ne!(cluster.leader("EVENTS").await?, leader);
    let second = until_appended(&*durable, "b").await?;
    assert_eq!(second, 2);
    cluster.restart(leader).await?;
    // Users look after their clusters in tasks, too.
    let task = tokio::spawn(async move {
        cluster.replicated("EVENTS").await?;
        Ok::<_, Status>((cluster.follower("EVENTS").await?, cluster.leader("EVENTS").await?))
    });
    let (follower, leader) = task.await.unwrap()?;
    assert_ne!(leader, follower);
    Ok(())
}

#[tokio::test]
async fn who_is_alone_can_not_write_and_the_others_can() -> Result<()> {
    let cluster = Cluster::start(3).await?;
    let durable = jetstream(&cluster.url());
    durable.provision(&StreamConfig { replicas: 3, ..events(Vec::new()) }).await?;
    let leader = cluster.leader("EVENTS").await?;
    let alone = jetstream(&cluster.url_of(leader));
    let other = (leader + 1) % 3;
    let others = jetstream(&cluster.url_of(other));
    let _ = tokio::try_join!(alone.clustered(), others.clustered())?;
    cluster.partition(&[&[other, (leader + 2) % 3]]);
    let refused = alone.append(message("alone")).await.unwrap_err();
    assert!(matches!(refused.code(), Code::UnknownOutcome | Code::Unavailable), "{refused}");
    until_appended(&*others, "others").await?;
    cluster.heal();
    until_appended(&*alone, "again").await?;
    Ok(())
}

#[tokio::test]
async fn who_is_alone_shows_what_was_there_but_not_as_what_is() -> Result<()> {
    let cluster = Cluster::start(3).await?;
    let durable = jetstream(&cluster.url());
    durable.provision(&StreamConfig { replicas: 3, ..StreamConfig::of_bucket(&PLACES) }).await?;
    let leader = cluster.leader("KV_places").await?;
    let bucket = |server: usize| Bucket::new(jetstream(&cluster.url_of(server)), &PLACES);
    let (alone, others) = (bucket(leader), bucket((leader + 1) % 3));
    let old = others.put("here", "old".into()).await?;
    for bucket in [&alone, &others] {
        assert_eq!(revision(bucket.get_linearizable("here").await?), old);
    }
    cluster.partition(&[&[(leader + 1) % 3, (leader + 2) % 3]]);
    // The one who is alone goes on answering for some seconds; the others elect another leader.
    let refused = alone.get_linearizable("here");
    let new = patiently(async || {
        let new = others.put("here", "new".into()).await?;
        Ok((new, revision(others.get_linearizable("here").await?)))
    });
    let (refused, new) = tokio::join!(refused, new);
    let status = refused.unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::Unavailable, Executed::No), "{status}");
    let (new, seen) = new?;
    assert_eq!(seen, new);
    cluster.heal();
    let found = patiently(async || alone.get_linearizable("here").await).await?;
    assert_eq!(revision(found), new);
    Ok(())
}

/// Tries for as long as a cluster may be without a leader.
async fn patiently<T>(try_it: impl AsyncFn() -> Result<T>) -> Result<T> {
    let trying = async {
        loop {
            match try_it().await {
                Err(status)
                    if matches!(status.code(), Code::Unavailable | Code::UnknownOutcome) => {}
                other => return other,
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), trying).await.unwrap()
}

fn revision(found: Option<Record>) -> u64 {
    found.map_or(0, |record| record.revision)
}

/// Two keys are counted up together while leaders die: what is acknowledged has happened, and always to both.
#[tokio::test]
async fn a_step_of_two_keys_is_whole_through_the_death_of_its_leader() -> Result<()> {
    let mut cluster = Cluster::start(3).await?;
    let durable = jetstream(&cluster.url());
    durable.provision(&StreamConfig { replicas: 3, ..StreamConfig::of_bucket(&PLACES) }).await?;
    let bucket = Bucket::new(durable, &PLACES);
    for key in ["a", "b"] {
        bucket.put(key, vec![0].into()).await?;
    }
    let (count, counted) = tokio::sync::watch::channel(0_u8);
    let counting = async {
        let mut unknown = 0;
        while *count.borrow() < 60 {
            let [a, b] = two(&bucket).await?;
            let next = |record: &Record| Write {
                expect: Expect::Revision(record.revision),
                ..Write::put(&*record.key, vec![number(record) + 1].into())
            };
            match bucket.write_all(vec![next(&a), next(&b)]).await {
                Ok(_) => count.send_modify(|count| *count += 1),
                Err(status) if status.executed() == Executed::Unknown => unknown += 1,
                Err(status) if status.code() == Code::Unavailable => {}
                Err(status) => return Err(status),
            }
        }
        Ok::<u8, Status>(unknown)
    };
    let killing = async {
        for killed_at in [15, 35] {
            let mut counted = counted.clone();
            counted.wait_for(|count| *count >= killed_at).await.unwrap();
            let leader = cluster.leader("KV_places").await?;
            cluster.kill(leader);
            counted.wait_for(|count| *count >= killed_at + 5).await.unwrap();
            cluster.restart(leader).await?;
        }
        Ok(())
    };
    let (unknown, ()) = tokio::try_join!(counting, killing)?;
    let [a, b] = two(&bucket).await?;
    assert_eq!(number(&a), number(&b));
    assert!((60..=60 + unknown).contains(&number(&a)), "{} of 60 and {unknown}", number(&a));
    Ok(())
}

/// A leader that was cut off refuses what it hears, because it lacks what has been written since. The new one hears it, too.
#[tokio::test]
async fn a_refusal_by_who_lags_behind_is_not_believed() -> Result<()> {
    let cluster = Cluster::start(3).await?;
    let url = cluster.url_of(0);
    let durable = jetstream(&url);
    durable.provision(&StreamConfig { replicas: 3, ..StreamConfig::of_bucket(&PLACES) }).await?;
    let bucket = Bucket::new(durable, &PLACES);
    let first = bucket.put("a", "1".into()).await?;
    let mut revisions = [first, bucket.put("b", "1".into()).await?];
    let update = |key: &str, expected| Write::update(key, "2".into(), expected);
    // Now and then the one who is right answers first.
    for _ in 0..4 {
        let refuses = refuse_once(&url, "$KV.places.a").await;
        revisions[0] = bucket.write(update("a", revisions[0])).await?;
        refuses.await.unwrap();
        assert_eq!(revision(bucket.get_linearizable("a").await?), revisions[0]);

        let refuses = refuse_once(&url, "$KV.places.b").await;
        let both = vec![update("a", revisions[0]), update("b", revisions[1])];
        let written = bucket.write_all(both).await?;
        refuses.await.unwrap();
        revisions = two(&bucket).await?.map(|record| record.revision);
        assert_eq!(written, revisions);
    }
    // Who is right is believed, though one of the keys has got further than the other was.
    let refused = bucket.write_all(vec![update("a", first), update("b", revisions[1])]).await;
    assert_eq!(refused.unwrap_err().code(), Code::Aborted);
    Ok(())
}

/// Answers the next request for a subject as a server does that has nothing there.
async fn refuse_once(url: &str, subject: &str) -> JoinHandle<()> {
    let lagging = async_nats::connect(url).await.unwrap();
    let mut requests = lagging.subscribe(subject.to_owned()).await.unwrap();
    // What is answered came behind the subscription.
    async_nats::jetstream::new(lagging.clone()).query_account().await.unwrap();
    tokio::spawn(async move {
        let request = requests.next().await.unwrap();
        let refusal = r#"{"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 0"},"stream":"KV_places","seq":0}"#;
        lagging.publish(request.reply.unwrap(), refusal.into()).await.unwrap();
        lagging.flush().await.unwrap();
    })
}

async fn two(bucket: &Bucket) -> Result<[Record; 2]> {
    patiently(async || {
        let [a, b] = [bucket.get_linearizable("a").await?, bucket.get_linearizable("b").await?];
        Ok([a.unwrap(), b.unwrap()])
    })
    .await
}

fn number(record: &Record) -> u8 {
    record.value.as_ref().unwrap()[0]
}

#[tokio::test]
async fn a_panic_leaves_no_server_behind() {
    let mut folders = Vec::new();
    let test = async {
        let cluster = Cluster::start(3).await.unwrap();
        folders.extend((0..3).map(|server| cluster.server(server).folder().to_owned()));
        panic!("as a test does");
    };
    AssertUnwindSafe(test).catch_unwind().await.unwrap_err();
    assert_eq!(folders.len(), 3);
    for folder in folders {
        assert!(!folder.exists(), "{} is still there", folder.display());
        assert!(!serves(&folder.display().to_string()));
    }
}

/// Whether a process has a folder in its command line.
fn serves(folder: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap();
    processes.flatten().any(|process| {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(folder)
    })
}

async fn until_appended(durable: &dyn Durable, name: &str) -> Result<u64> {
    patiently(async || Ok(durable.append(message(name)).await?.sequence)).await
}

/// A message that is stored once, however often it is sent.
fn message(name: &str) -> Append {
    Append {
        stream: "EVENTS".to_owned(),
        subject: SubjectBuilder::new("evt").token(name).build(),
        headers: Headers::new(),
        payload: name.to_owned().into(),
        expect: None,
        id: Some(name.to_owned()),
    }
}

fn jetstream(url: &str) -> Arc<dyn Durable> {
    Arc::new(JetStream::new(dial(url)))
}
