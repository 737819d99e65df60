//! Where the server is, who we are to it, and how patient we are.

use std::fmt;
use std::time::Duration;

use crate::content;
use crate::durable::{Auth, Dial};
use crate::layer::ANSWERS_BYTES_MAX;
use crate::seal::Protection;
use crate::status::{Result, Status};
use crate::subject;
use crate::tls::Tls;

/// Pairs of connections that a process may have: far more than cores are kept busy by.
pub(crate) const CONNECTIONS_MAX: usize = 64;

/// Where the server is, who we are to it, and how patient we are.
#[derive(Debug, Clone)]
pub struct Options {
    pub(crate) url: String,
    pub(crate) service: String,
    pub(crate) auth: Auth,
    pub(crate) tls: Option<Tls>,
    pub(crate) provision: bool,
    pub(crate) connections: usize,
    pub(crate) connect_timeout: Duration,
    pub(crate) ping_interval: Duration,
    pub(crate) reconnect_min: Duration,
    pub(crate) reconnect_max: Duration,
    pub(crate) buffer_bytes_max: usize,
    pub(crate) cache_bytes_max: u64,
    pub(crate) message_bytes_max: usize,
    pub(crate) redis: Option<RedisUrl>,
    pub(crate) redis_tls: Option<Tls>,
    pub(crate) protection: Protection,
}

/// Where Redis is. It may hold a password, so that it isn't shown.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

#[cfg(feature = "redis")]
impl RedisUrl {
    /// The text, with its password.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for RedisUrl {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for RedisUrl {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisUrl(..)")
    }
}

impl Options {
    /// Connects to one of these servers, separated by commas, as this service.
    #[must_use]
    pub fn new(url: impl Into<String>, service: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            service: service.into(),
            auth: Auth::Anonymous,
            tls: None,
            provision: false,
            connections: 1,
            connect_timeout: Duration::from_secs(2),
            ping_interval: Duration::from_secs(3),
            reconnect_min: Duration::from_millis(50),
            reconnect_max: Duration::from_secs(5),
            buffer_bytes_max: 16 * 1024 * 1024,
            cache_bytes_max: ANSWERS_BYTES_MAX,
            message_bytes_max: content::MESSAGE_BYTES_MAX,
            redis: None,
            redis_tls: None,
            protection: Protection::default(),
        }
    }

    /// Proves who we are.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// Insists on encryption, with these certificates.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Makes streams and buckets that are missing as they are used; for development and tests, where no provisioner
    /// runs. Default: no.
    #[must_use]
    pub fn provision(mut self, provision: bool) -> Self {
        self.provision = provision;
        self
    }

    /// Keeps so many pairs of connections to the server, 1 to 64. Calls are spread over them, and a service takes its share of
    /// the requests over each: a server shares requests out by connection, so all instances had better have as many. For
    /// processes that one connection keeps busy. Default: 1.
    #[must_use]
    pub fn connections(mut self, pairs: usize) -> Self {
        self.connections = pairs;
        self
    }

    /// Gives up on a server that doesn't answer for this long. Default: 2 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Looks after the connection this often; one that doesn't answer for as long is broken. Default: 3 s.
    #[must_use]
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.ping_interval = interval;
        self
    }

    /// Waits between attempts to reconnect: a random time up to a limit that doubles from `min` to `max`. Default:
    /// 50 ms to 5 s.
    #[must_use]
    pub fn reconnect(mut self, min: Duration, max: Duration) -> Self {
        (self.reconnect_min, self.reconnect_max) = (min, max);
        self
    }

    /// Refuses to publish while this many bytes wait to be written. Default: 16 MiB.
    #[must_use]
    pub fn buffer_bytes_max(mut self, bytes: usize) -> Self {
        self.buffer_bytes_max = bytes;
        self
    }

    /// Keeps answers of this many bytes, where schemas ask for it; the least used go first. Default: 32 MiB.
    #[must_use]
    pub fn cache_bytes_max(mut self, bytes: u64) -> Self {
        self.cache_bytes_max = bytes;
        self
    }

    /// Sends and takes requests, answers and frames of this many bytes, before compression. A message that the server
    /// doesn't carry in one goes in pieces. Default: 8 MiB.
    #[must_use]
    pub fn message_bytes_max(mut self, bytes: usize) -> Self {
        self.message_bytes_max = bytes;
        self
    }

    /// Shares kept answers with other processes through Redis, where schemas ask for it: `redis://host:6379`, or
    /// `rediss` for an encrypted connection; several separated by commas, or the scheme `redis-cluster`, are a cluster.
    /// Takes the feature `redis`. Default: nothing is shared.
    #[must_use]
    pub fn redis(mut self, url: impl Into<RedisUrl>) -> Self {
        self.redis = Some(url.into());
        self
    }

    /// Uses these certificates for the connection to Redis, whose URL is one of `rediss`. Default: the system's vouch for
    /// the server, and it isn't shown any.
    #[must_use]
    pub fn redis_tls(mut self, tls: Tls) -> Self {
        self.redis_tls = Some(tls);
        self
    }

    /// Says what becomes of sensitive fields. Default: nothing is sent or taken that may have one.
    #[must_use]
    pub fn protection(mut self, protection: Protection) -> Self {
        self.protection = protection;
        self
    }

    /// Whether they make sense.
    pub(super) fn check(&self) -> Result<()> {
        if (1..=CONNECTIONS_MAX).contains(&self.connections) {
            return Ok(());
        }
        Err(Status::invalid_argument(format!(
            "{} pairs of connections are asked for; ask for 1 to {CONNECTIONS_MAX}",
            self.connections
        )))
    }

    /// The same for the connection to `JetStream`.
    #[must_use]
    pub fn dial(&self) -> Dial {
        let name = subject::escape(&self.service);
        Dial {
            url: self.url.clone(),
            inbox_prefix: format!("_INBOX.{name}"),
            name: self.service.clone(),
            auth: self.auth.clone(),
            tls: self.tls.clone(),
            provision: self.provision,
        }
    }
}
