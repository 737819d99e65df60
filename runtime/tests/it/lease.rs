//! Leading. Bodies run on a real server and in memory, where time stands still unless somebody waits.

use std::time::Duration;

use bodybroker_runtime::connection::{Connection, Options};
use bodybroker_runtime::durable::{Bucket, StreamConfig};
use bodybroker_runtime::lease::Contender;
use bodybroker_runtime::spec::{BucketSpec, Storage, Versions};
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::{Result, Status};
use tokio::time::{Instant, timeout};

use crate::event::connected;

static LEASES: BucketSpec = BucketSpec {
    name: "leases",
    value: "test.v1.Lease",
    sealed: None,
    indexes: &[],
    history: 1,
    ttl: None,
    storage: Storage::File,
    replicas: 1,
    versions: Versions::FIRST,
};

const VALIDITY: Duration = Duration::from_millis(900);

connected! {
    one_leads_and_gives_back_to_the_next,
    a_service_that_closes_gives_its_lease_back,
    a_lease_outlives_its_validity_while_it_is_renewed,
    a_lease_that_somebody_else_wrote_is_lost,
    the_key_of_each_world_is_led_by_itself,
}

async fn contender(connection: &Connection, key: &str) -> Result<Contender> {
    connection.durable().provision(&StreamConfig::of_bucket(&LEASES)).await?;
    Ok(Contender::new(connection, &LEASES, key).validity(VALIDITY))
}

async fn one_leads_and_gives_back_to_the_next<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let first = contender(&connect("clock").await?, "world").await?.acquire().await?;
    assert!(first.is_held());
    let second = contender(&connect("clock").await?, "world").await?;
    assert!(timeout(VALIDITY * 2, second.acquire()).await.is_err());
    let began = Instant::now();
    let (second, ()) = tokio::join!(second.acquire(), first.release());
    let second = second?;
    assert!(began.elapsed() < VALIDITY, "what is given back is free at once");
    assert!(second.is_held());
    assert_eq!(second.term(), 2);
    Ok(())
}

async fn a_service_that_closes_gives_its_lease_back<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let leaving = connect("clock").await?;
    let lease = contender(&leaving, "world").await?.acquire().await?;
    let heir = contender(&connect("clock").await?, "world").await?;
    leaving.close().await;
    assert!(!lease.is_held());
    let began = Instant::now();
    assert_eq!(heir.acquire().await?.term(), 2);
    assert!(began.elapsed() < VALIDITY / 2, "what is given back is free at once");
    Ok(())
}

async fn a_lease_outlives_its_validity_while_it_is_renewed<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let lease = contender(&connect("clock").await?, "world").await?.acquire().await?;
    assert!(timeout(VALIDITY * 4, lease.lost()).await.is_err());
    assert!(lease.is_held());
    Ok(())
}

async fn a_lease_that_somebody_else_wrote_is_lost<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("clock").await?;
    let lease = contender(&connection, "world").await?.acquire().await?;
    let bucket = Bucket::new(connection.durable().clone(), &LEASES);
    bucket.put("world", bytes::Bytes::new()).await?;
    timeout(VALIDITY, lease.lost()).await.map_err(|_| Status::internal("still held"))?;
    assert!(!lease.is_held());
    Ok(())
}

async fn the_key_of_each_world_is_led_by_itself<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("clock").await?;
    let one = contender(&connection, "one").await?.acquire().await?;
    let two = contender(&connection, "two").await?.acquire().await?;
    assert!(one.is_held() && two.is_held());
    assert_eq!((one.term(), two.term()), (1, 1));
    Ok(())
}

#[tokio::test]
async fn a_leader_that_dies_is_followed_after_its_validity() -> Result<()> {
    let server = NatsServer::start().await?;
    let url = server.url();
    let (told, tell) = tokio::sync::oneshot::channel();
    // A runtime of its own, so that it can die without a word.
    let dying = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    dying.spawn(async move {
        let connection = Connection::connect(Options::new(url, "clock")).await?;
        let lease = contender(&connection, "world").await?.acquire().await?;
        let _ = told.send(lease.term());
        lease.lost().await;
        Ok::<_, Status>(())
    });
    assert_eq!(tell.await.unwrap(), 1);
    let heir = Connection::connect(Options::new(server.url(), "clock")).await?;
    let heir = contender(&heir, "world").await?;
    dying.shutdown_background();
    let died = Instant::now();
    let lease = heir.acquire().await?;
    assert_eq!(lease.term(), 2);
    // Its last renewal may be a third of the validity old, and is seen when the heir begins to look.
    assert!(died.elapsed() >= VALIDITY / 2);
    Ok(())
}

#[tokio::test]
async fn a_leader_that_loses_the_server_stops_leading_in_time() -> Result<()> {
    let server = NatsServer::start().await?;
    let connection = Connection::connect(Options::new(server.url(), "clock")).await?;
    let lease = contender(&connection, "world").await?.acquire().await?;
    server.pause();
    let began = Instant::now();
    timeout(VALIDITY * 3, lease.lost()).await.map_err(|_| Status::internal("still held"))?;
    assert!(!lease.is_held());
    assert!(began.elapsed() <= VALIDITY + Duration::from_millis(300));
    server.resume();
    let again = contender(&connection, "world").await?.acquire().await?;
    assert!(again.term() > lease.term());
    Ok(())
}
