//! What the servers say about their streams. They are asked directly, not through the proxies.

use std::time::{Duration, Instant};

use async_nats::ConnectOptions;
use serde::Deserialize;
use tokio::time::{sleep, timeout};

use super::{Cluster, number};
use crate::status::{Result, Status};

/// A cluster that hasn't come to an end with itself by then won't.
const PATIENCE: Duration = Duration::from_mins(1);
/// Time that a server has to answer.
const ANSWER: Duration = Duration::from_secs(1);
/// Pause between questions.
const PAUSE: Duration = Duration::from_millis(50);

/// The part of an answer that counts.
#[derive(Debug, Deserialize)]
struct Answer {
    cluster: Option<Group>,
    error: Option<serde_json::Value>,
}

/// Who keeps a stream or a consumer.
#[derive(Debug, Deserialize)]
struct Group {
    leader: Option<String>,
    #[serde(default)]
    replicas: Vec<Replica>,
}

#[derive(Debug, Deserialize)]
struct Replica {
    name: String,
    #[serde(default)]
    current: bool,
    #[serde(default)]
    offline: bool,
    #[serde(default)]
    lag: u64,
}

/// Asking again and again, but not for ever.
struct Waiting<'a> {
    what: &'a str,
    began: Instant,
}

impl<'a> Waiting<'a> {
    fn new(what: &'a str) -> Self {
        Self { what, began: Instant::now() }
    }

    async fn go_on(&self) -> Result<()> {
        let what = self.what;
        if self.began.elapsed() > PATIENCE {
            return Err(Status::unavailable(format!("{what}: not as wanted within {PATIENCE:?}")));
        }
        sleep(PAUSE).await;
        Ok(())
    }
}

impl Cluster {
    /// Who leads a stream; waits until somebody does.
    ///
    /// # Errors
    /// `UNAVAILABLE` when nobody does within a minute.
    pub async fn leader(&self, stream: &str) -> Result<usize> {
        self.leader_of(&format!("$JS.API.STREAM.INFO.{stream}")).await
    }

    /// Who leads a durable consumer; waits until somebody does.
    ///
    /// # Errors
    /// As [`Cluster::leader`].
    pub async fn consumer_leader(&self, stream: &str, consumer: &str) -> Result<usize> {
        self.leader_of(&format!("$JS.API.CONSUMER.INFO.{stream}.{consumer}")).await
    }

    /// Some server that keeps a stream and doesn't lead it.
    ///
    /// # Errors
    /// As [`Cluster::leader`]; `FAILED_PRECONDITION` when the stream has one replica.
    pub async fn follower(&self, stream: &str) -> Result<usize> {
        let subject = format!("$JS.API.STREAM.INFO.{stream}");
        let group = self.eventually(&subject, |group| group.leader.is_some()).await?;
        let follower = group.replicas.first();
        let lonely = || Status::failed_precondition(format!("{stream} has one replica"));
        number(&follower.ok_or_else(lonely)?.name)
    }

    /// Waits until every replica of a stream is there and has all of it.
    ///
    /// # Errors
    /// `UNAVAILABLE` when that takes more than a minute.
    pub async fn replicated(&self, stream: &str) -> Result<()> {
        let whole = |group: &Group| {
            let fresh = |r: &Replica| r.current && !r.offline && r.lag == 0;
            group.leader.is_some() && group.replicas.iter().all(fresh)
        };
        self.eventually(&format!("$JS.API.STREAM.INFO.{stream}"), whole).await.map(|_| ())
    }

    /// Waits until a stream that every server keeps can be made: the cluster has a leader of its own, too.
    ///
    /// # Errors
    /// `UNAVAILABLE` when that takes more than a minute.
    pub async fn ready(&self) -> Result<()> {
        let config = format!(
            r#"{{"name":"PROBE","subjects":["probe"],"storage":"memory","num_replicas":{}}}"#,
            self.len()
        );
        let waiting = Waiting::new("the servers' becoming one cluster");
        while self
            .ask("$JS.API.STREAM.CREATE.PROBE", &config)
            .await
            .is_none_or(|answer| answer.error.is_some())
        {
            waiting.go_on().await?;
        }
        self.ask("$JS.API.STREAM.DELETE.PROBE", "").await;
        Ok(())
    }

    async fn leader_of(&self, subject: &str) -> Result<usize> {
        let group = self.eventually(subject, |group| group.leader.is_some()).await?;
        number(&group.leader.unwrap_or_default())
    }

    async fn eventually(&self, subject: &str, good: impl Fn(&Group) -> bool) -> Result<Group> {
        let waiting = Waiting::new(subject);
        loop {
            let group = self.ask(subject, "").await.and_then(|answer| answer.cluster);
            let seen = match group {
                Some(group) if good(&group) => return Ok(group),
                seen => seen,
            };
            waiting.go_on().await.map_err(|status| {
                Status::unavailable(format!("{}; last seen: {seen:?}", status.message()))
            })?;
        }
    }

    /// Asks one server after the other, until one answers.
    async fn ask(&self, subject: &str, request: &str) -> Option<Answer> {
        for node in self.nodes.iter().filter(|node| !node.paused) {
            let asking = async {
                let options = ConnectOptions::new().connection_timeout(ANSWER);
                let client = options.connect(node.server.url()).await.ok()?;
                let answer = client.request(subject.to_owned(), request.to_owned().into()).await;
                serde_json::from_slice(&answer.ok()?.payload).ok()
            };
            if let Ok(Some(answer)) = timeout(ANSWER, asking).await {
                return Some(answer);
            }
        }
        None
    }
}
