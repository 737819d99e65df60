//! Answers that processes share, in a cluster of real Redis servers.

use std::time::Duration;

use bodybroker_runtime::Result;
use bodybroker_runtime::testing::RedisServer;

use super::super::super::fixture::{KEEP_BRIEFLY, SHARE};
use super::two;

#[tokio::test]
async fn a_cluster_is_shared_through_like_one_server() -> Result<()> {
    let mut cluster = Cluster::start(2).await?;
    let two = two(&cluster.url()).await?;
    // Marks and answers on both nodes.
    for number in 0..10 {
        two.until_shared(SHARE, &format!("thing {number}")).await;
        two.until_shared(KEEP_BRIEFLY, &format!("thing {number}")).await;
    }
    for node in &mut cluster.nodes {
        assert!(node.ask::<u64>(&["DBSIZE"]).await > 0);
    }
    Ok(())
}

#[tokio::test]
async fn calls_go_on_while_a_cluster_fails_over() -> Result<()> {
    let mut cluster = Cluster::start(3).await?;
    cluster.follow(0).await?;
    let two = two(&cluster.url()).await?;
    two.until_shared(SHARE, "before").await;
    cluster.nodes[0].server.kill();
    let promoted = async {
        for number in 0.. {
            two.share(SHARE, &format!("meanwhile {number}")).await;
            if cluster.nodes[3]
                .ask::<String>(&["INFO", "replication"])
                .await
                .contains("role:master")
            {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), promoted).await.expect("the replica takes over");
    // On all nodes: one that isn't where it was, too.
    for number in 0..10 {
        two.until_shared(SHARE, &format!("after {number}")).await;
    }
    assert!(cluster.nodes[3].ask::<u64>(&["DBSIZE"]).await > 0);
    Ok(())
}

/// Redis servers that share the keys out, and what followed one of them later.
struct Cluster {
    nodes: Vec<Node>,
    masters: usize,
}

struct Node {
    server: RedisServer,
    link: ::redis::aio::MultiplexedConnection,
}

/// Slots of keys in a cluster.
const SLOTS: usize = 16384;

impl Cluster {
    async fn start(masters: usize) -> Result<Self> {
        let mut cluster = Self { nodes: Vec::new(), masters };
        for number in 0..masters {
            let node = cluster.add().await?;
            let (first, next) = (SLOTS * number / masters, SLOTS * (number + 1) / masters);
            let (first, last) = (first.to_string(), (next - 1).to_string());
            node.ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]).await;
        }
        cluster.agree().await;
        Ok(cluster)
    }

    /// Adds a replica of one of the masters.
    async fn follow(&mut self, master: usize) -> Result<()> {
        let id = self.nodes[master].ask::<String>(&["CLUSTER", "MYID"]).await;
        self.add().await?;
        self.agree().await;
        let replica = self.nodes.last_mut().unwrap();
        replica.ask::<()>(&["CLUSTER", "REPLICATE", &id]).await;
        until("the replica follows", async || {
            replica.ask::<String>(&["INFO", "replication"]).await.contains("master_link_status:up")
        })
        .await;
        // The others have to know of it before they let it take over.
        for node in &mut self.nodes {
            until("all know the replica", async || {
                node.ask::<String>(&["CLUSTER", "NODES"]).await.contains(&format!("slave {id}"))
            })
            .await;
        }
        Ok(())
    }

    fn url(&self) -> String {
        let urls: Vec<_> = self.nodes.iter().map(|node| node.server.url()).collect();
        urls.join(",")
    }

    async fn add(&mut self) -> Result<&mut Node> {
        let server = RedisServer::builder().node().start().await?;
        let client = ::redis::Client::open(server.url()).unwrap();
        let link = client.get_multiplexed_async_connection().await.unwrap();
        let (port, bus) = (server.address().port().to_string(), server.bus_port().unwrap());
        if let Some(first) = self.nodes.first_mut() {
            first.ask::<()>(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus.to_string()]).await;
        }
        self.nodes.push(Node { server, link });
        Ok(self.nodes.last_mut().unwrap())
    }

    async fn agree(&mut self) {
        let known = format!("cluster_known_nodes:{}\r", self.nodes.len());
        let sizes = format!("cluster_size:{}\r", self.masters);
        for node in &mut self.nodes {
            until("they agree", async || {
                let info = node.ask::<String>(&["CLUSTER", "INFO"]).await;
                ["cluster_state:ok", &known, &sizes].iter().all(|part| info.contains(part))
            })
            .await;
        }
    }
}

impl Node {
    async fn ask<T: ::redis::FromRedisValue>(&mut self, words: &[&str]) -> T {
        let mut command = ::redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query_async(&mut self.link).await.unwrap()
    }
}

async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect(what);
}
