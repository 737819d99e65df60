//! What waits because of an event that can't be published, and what doesn't.

use std::time::Duration;

use bodybroker_runtime::connection::Connection;
use bodybroker_runtime::durable::Append;
use bodybroker_runtime::store::Store;
use bodybroker_runtime::{Bus, Code, Result, Status};
use futures::future::try_join_all;
use tokio::time::{Instant, timeout};

use super::frozen::{Frozen, Stop};
use super::{bucket, connected, heard, provision, published, refused, ring};
use crate::event::Rang;

connected! {
    a_key_that_can_not_be_published_holds_up_no_other,
    more_than_is_held_at_once_is_published_in_order,
}

async fn a_key_that_can_not_be_published_holds_up_no_other<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("bells").await?;
    let spec = bucket("bells".to_owned(), None);
    provision(&connection, spec).await?;
    let stuck = |append: &Append| {
        (append.subject.as_str() == "evt.bell.rang.v1.stuck").then_some(Code::Unavailable)
    };
    let (refusing, _) = Frozen::process(&connection, Stop::Refused(stuck, None))?;
    let store: Store<Rang> = refusing.store_with_outbox(spec)?;
    for _ in 0..40 {
        ring(&store, "stuck").await?;
    }
    let bells: Vec<_> = (0..40).map(|number| format!("bell-{number}")).collect();
    try_join_all(bells.iter().map(|bell| ring(&store, bell))).await?;
    let others = try_join_all(bells.iter().map(|bell| async {
        while heard(&connection, bell).await? != [1] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok::<_, Status>(())
    }));
    timeout(Duration::from_secs(15), others)
        .await
        .map_err(|_| Status::deadline_exceeded("other bells wait for the one that is stuck"))??;
    assert!(heard(&connection, "stuck").await?.is_empty());
    refusing.close().await;
    // Nothing of it is lost.
    let _heir: Store<Rang> = connection.store_with_outbox(spec)?;
    published(&connection, spec).await?;
    assert_eq!(heard(&connection, "stuck").await?, (1..=40).collect::<Vec<_>>());
    Ok(())
}

async fn more_than_is_held_at_once_is_published_in_order<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    const RINGS: u64 = 75;
    let connection = connect("bells").await?;
    let spec = bucket("bells".to_owned(), None);
    provision(&connection, spec).await?;
    let store = super::writer(&connection, spec)?;
    let bells = ["a", "b", "c", "d"];
    try_join_all(bells.map(|bell| async {
        for _ in 0..RINGS {
            ring(&store, bell).await?;
        }
        Ok::<_, Status>(())
    }))
    .await?;
    let _relay: Store<Rang> = connection.store_with_outbox(spec)?;
    published(&connection, spec).await?;
    for bell in bells {
        assert_eq!(heard(&connection, bell).await?, (1..=RINGS).collect::<Vec<_>>(), "{bell}");
    }
    Ok(())
}

/// Events of one bell and of many whose stream isn't there.
#[tokio::test(start_paused = true)]
async fn all_that_a_stream_refuses_is_put_aside_together() -> Result<()> {
    let connection = Connection::local(&Bus::new(), "bells");
    let spec = bucket("bells".to_owned(), None);
    provision(&connection, spec).await?;
    let nothing = |append: &Append| (append.stream == "EVENTS").then_some(Code::FailedPrecondition);
    let (refusing, _) = Frozen::process(&connection, Stop::Refused(nothing, None))?;
    let store: Store<Rang> = refusing.store_with_outbox(spec)?;
    for number in 0..20 {
        ring(&store, "one").await?;
        ring(&store, &format!("bell-{number}")).await?;
    }
    let began = Instant::now();
    tokio::time::sleep(Duration::from_mins(4)).await;
    assert!(store.refused_events().await?.is_empty());
    refused(&store, 40).await?;
    let minutes = began.elapsed().as_secs() / 60;
    assert_eq!(minutes, 5, "{:?}", began.elapsed());
    published(&connection, spec).await
}

/// A stream that takes some subjects doesn't capture others.
#[tokio::test(start_paused = true)]
async fn what_a_stream_does_not_capture_is_put_aside_though_it_takes_other_events() -> Result<()> {
    let connection = Connection::local(&Bus::new(), "bells");
    let spec = bucket("bells".to_owned(), None);
    provision(&connection, spec).await?;
    let foreign = |append: &Append| {
        let is_foreign = append.subject.as_str().starts_with("evt.bell.rang.v1.foreign");
        is_foreign.then_some(Code::FailedPrecondition)
    };
    let (refusing, _) = Frozen::process(&connection, Stop::Refused(foreign, None))?;
    let store: Store<Rang> = refusing.store_with_outbox(spec)?;
    for number in 0..20 {
        ring(&store, "foreign").await?;
        ring(&store, &format!("foreign-{number}")).await?;
    }
    let began = Instant::now();
    let ringing = async {
        while began.elapsed() < Duration::from_mins(4) {
            ring(&store, "known").await?;
            tokio::time::sleep(Duration::from_secs(7)).await;
        }
        Ok::<_, Status>(())
    };
    ringing.await?;
    assert!(store.refused_events().await?.is_empty());
    refused(&store, 40).await?;
    let minutes = began.elapsed().as_secs() / 60;
    assert_eq!(minutes, 5, "{:?}", began.elapsed());
    published(&connection, spec).await
}
