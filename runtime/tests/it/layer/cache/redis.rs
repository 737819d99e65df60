//! Answers that processes share, in a real Redis.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bodybroker_runtime::connection::Options;
use bodybroker_runtime::redis::Redis;
use bodybroker_runtime::testing::{NatsServer, Proxy, RedisServer};
use bodybroker_runtime::tls::Tls;
use bodybroker_runtime::{Connection, Result, Server};
use tempfile::TempDir;

use super::super::fixture::{KEEP_BRIEFLY, SHARE, Script, Step};
use super::events::{change, provision};
use super::say;

mod cluster;

/// Two callers that share answers, and who answers.
struct Two {
    one: Connection,
    other: Connection,
    script: Script,
    _served: (Server, NatsServer),
}

async fn two(redis: &str) -> Result<Two> {
    two_with(|options| options.redis(redis)).await
}

async fn two_with(share: impl Fn(Options) -> Options) -> Result<Two> {
    let server = NatsServer::start().await?;
    let service = Connection::connect(Options::new(server.url(), "script")).await?;
    let script = Script::new(&service);
    let serving = service.serve(script.clone()).await?;
    provision(&service).await;
    let connect = |name| Connection::connect(share(Options::new(server.url(), name)));
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
async fn who_shows_a_certificate_shares_over_tls() -> Result<()> {
    let issued = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let folder = TempDir::new().unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&cert, issued.cert.pem()).unwrap();
    fs::write(&key, issued.signing_key.serialize_pem()).unwrap();
    let tls = Tls { ca: Some(cert.clone()), identity: Some((cert, key)) };
    let redis = RedisServer::builder().tls(tls.clone()).start().await?;
    let two = two_with(|options| options.redis(redis.url()).redis_tls(tls.clone())).await?;
    two.until_shared(SHARE, "thing").await;

    // Whom nobody vouches for isn't let in, and goes on alone.
    let bare = Tls { ca: tls.ca.clone(), identity: None };
    let strangers = two_with(|options| options.redis(redis.url()).redis_tls(bare.clone())).await?;
    for number in 0..20 {
        assert!(!strangers.share(SHARE, &format!("thing {number}")).await);
    }
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
