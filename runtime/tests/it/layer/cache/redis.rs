//! Answers that processes share, in a real Redis.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bodybroker_runtime::connection::Options;
use bodybroker_runtime::redis::Redis;
use bodybroker_runtime::testing::{NatsServer, Proxy, RedisServer};
use bodybroker_runtime::{Connection, Result, Server};

use super::super::fixture::{KEEP_BRIEFLY, SHARE, Script, Step};
use super::events::{change, provision};
use super::say;

/// Two callers that share answers, and who answers.
struct Two {
    one: Connection,
    other: Connection,
    script: Script,
    _served: (Server, NatsServer),
}

async fn two(redis: &str) -> Result<Two> {
    let server = NatsServer::start().await?;
    let service = Connection::connect(Options::new(server.url(), "script")).await?;
    let script = Script::new(&service);
    let serving = service.serve(script.clone()).await?;
    provision(&service).await;
    let connect = |name| Connection::connect(Options::new(server.url(), name).redis(redis));
    let (one, other) = (connect("one").await?, connect("other").await?);
    Ok(Two { one, other, script, _served: (serving, server) })
}

impl Two {
    /// Asks about a thing, on behalf of one and then of the other; whether the other knew from the one.
    async fn share(&self, method: usize, thing: &str) -> bool {
        assert_eq!(say(&self.one, method, thing).await, thing);
        let before = self.script.seen().len();
        // It is stored a moment after it was given.
        tokio::task::yield_now().await;
        assert_eq!(say(&self.other, method, thing).await, thing);
        self.script.seen().len() == before
    }

    /// Asks about things until what one was told is known to the other.
    async fn until_shared(&self, method: usize, thing: &str) {
        let shared = async {
            for number in 0.. {
                if self.share(method, &format!("{thing} {number}")).await {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(15), shared).await.expect("they share");
    }
}

#[tokio::test]
async fn processes_share_answers_through_redis() -> Result<()> {
    let redis = RedisServer::start().await?;
    let two = two(&redis.url()).await?;
    two.until_shared(SHARE, "thing").await;
    Ok(())
}

#[tokio::test]
async fn an_event_ends_what_is_in_redis() -> Result<()> {
    let redis = RedisServer::start().await?;
    let two = two(&redis.url()).await?;
    for round in 0..5 {
        let thing = format!("changing {round}");
        two.until_shared(KEEP_BRIEFLY, &format!("before {round}")).await;
        two.share(KEEP_BRIEFLY, &thing).await;
        change(two.script.connection(), &thing).await;
        // Whoever hears of it asks anew, and never is the old answer back.
        for client in [&two.one, &two.other] {
            let began = Instant::now();
            loop {
                two.script.next([Step::Say("new")]);
                let said = say(client, KEEP_BRIEFLY, &thing).await;
                two.script.forget();
                if said == "new" {
                    break;
                }
                assert!(began.elapsed() < Duration::from_secs(10), "the event is heard");
            }
        }
        for client in [&two.one, &two.other] {
            assert_eq!(say(client, KEEP_BRIEFLY, &thing).await, "new");
        }
    }
    Ok(())
}

#[tokio::test]
async fn calls_go_on_without_redis_and_share_again_when_it_is_back() -> Result<()> {
    let mut redis = RedisServer::start().await?;
    let two = two(&redis.url()).await?;
    two.until_shared(SHARE, "before").await;
    redis.kill();
    for number in 0..50 {
        two.share(SHARE, &format!("meanwhile {number}")).await;
    }
    redis.restart().await?;
    two.until_shared(SHARE, "after").await;
    Ok(())
}

#[tokio::test]
async fn calls_go_on_when_redis_is_never_there() -> Result<()> {
    // A port that nobody listens on.
    let proxy = Proxy::listen().await?;
    let two = two(&format!("redis://127.0.0.1:{}", proxy.port())).await?;
    for number in 0..50 {
        assert!(!two.share(SHARE, &format!("thing {number}")).await);
    }
    Ok(())
}

#[tokio::test]
async fn a_redis_that_swallows_everything_is_left_alone_and_asked_again() -> Result<()> {
    let redis = RedisServer::start().await?;
    let proxy = Proxy::to(redis.address()).await?;
    let two = two(&format!("redis://127.0.0.1:{}", proxy.port())).await?;
    two.until_shared(SHARE, "before").await;
    proxy.black_hole();
    for number in 0..100 {
        two.share(SHARE, &format!("meanwhile {number}")).await;
    }
    proxy.heal();
    two.until_shared(SHARE, "after").await;
    Ok(())
}

#[tokio::test]
async fn what_others_write_under_our_names_is_no_answer() -> Result<()> {
    let redis = RedisServer::start().await?;
    let two = two(&redis.url()).await?;
    two.until_shared(SHARE, "thing").await;
    assert_eq!(say(&two.one, SHARE, "other").await, "other");
    let client = ::redis::Client::open(redis.url()).unwrap();
    let mut link = client.get_multiplexed_async_connection().await.unwrap();
    let stored = async {
        loop {
            let names: BTreeSet<String> =
                ::redis::cmd("KEYS").arg("*thing:other}:*").query_async(&mut link).await.unwrap();
            if let Some(name) = names.into_iter().next() {
                return name;
            }
        }
    };
    let name = tokio::time::timeout(Duration::from_secs(10), stored).await.expect("it is stored");
    let _: () = ::redis::cmd("SET").arg(name).arg("rubbish").query_async(&mut link).await.unwrap();
    assert_eq!(say(&two.other, SHARE, "other").await, "other");
    Ok(())
}

#[tokio::test]
async fn a_cluster_is_shared_through_like_one_server() -> Result<()> {
    let nodes = [RedisServer::start_node().await?, RedisServer::start_node().await?];
    let mut links = Vec::new();
    for (node, slots) in nodes.iter().zip([(0, 8191), (8192, 16383)]) {
        let client = ::redis::Client::open(node.url()).unwrap();
        let mut link = client.get_multiplexed_async_connection().await.unwrap();
        let mut command = ::redis::cmd("CLUSTER");
        command.arg("ADDSLOTSRANGE").arg(slots.0).arg(slots.1);
        let _: () = command.query_async(&mut link).await.unwrap();
        links.push(link);
    }
    let mut command = ::redis::cmd("CLUSTER");
    let other = nodes[1].address();
    command.arg("MEET").arg("127.0.0.1").arg(other.port()).arg(nodes[1].bus_port());
    let _: () = command.query_async(&mut links[0]).await.unwrap();
    let agreed = async {
        for link in &mut links {
            loop {
                let info: String =
                    ::redis::cmd("CLUSTER").arg("INFO").query_async(link).await.unwrap();
                if info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:2") {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), agreed).await.expect("they agree");
    let two = two(&nodes[0].url().replace("redis://", "redis-cluster://")).await?;
    // Marks and answers on both nodes.
    for number in 0..10 {
        two.until_shared(SHARE, &format!("thing {number}")).await;
        two.until_shared(KEEP_BRIEFLY, &format!("thing {number}")).await;
    }
    let mut counts = Vec::new();
    for link in &mut links {
        counts.push(::redis::cmd("DBSIZE").query_async::<u64>(link).await.unwrap());
    }
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
    Ok(())
}

#[tokio::test]
async fn a_connection_to_redis_tells_no_password() {
    let redis = Redis::new("redis://:hush@127.0.0.1:1").unwrap();
    assert!(!format!("{redis:?}").contains("hush"));
    let options = Options::new("nats://127.0.0.1:1", "x").redis("redis://:hush@127.0.0.1:1");
    assert!(!format!("{options:?}").contains("hush"));
    assert!(!Arc::new(redis).is_connected());
}
