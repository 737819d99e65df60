//! Redis, where processes share answers: one server, or a cluster.
//!
//! Nothing waits for it. The connection is made by a task of its own, and whoever asks before there is one is told that
//! there is none.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::cluster::ClusterClient;
use ::redis::cluster_async::ClusterConnection;
use ::redis::io::tcp::TcpSettings;
use ::redis::{
    Client, ClientTlsConfig, Cmd, ConnectionAddr, ConnectionInfo, FromRedisValue,
    IntoConnectionInfo, RedisResult, TlsCertificates,
};
use bytes::Bytes;
use tokio_util::task::AbortOnDropHandle;

use crate::clock::unsigned_millis;
use crate::layer::SharedStore;
use crate::status::{Result, Status};
use crate::tls::Tls;
use crate::transport::BoxFuture;

/// A connection to Redis. Clones are one.
#[derive(Clone)]
pub struct Redis {
    link: Arc<OnceLock<Link>>,
    _connecting: Arc<AbortOnDropHandle<()>>,
}

/// What commands are sent over.
#[derive(Clone)]
enum Link {
    One(ConnectionManager),
    Cluster(ClusterConnection),
}

/// Where Redis is.
enum Place {
    One(Box<Client>),
    Cluster(Box<ClusterClient>),
}

/// Time that making a connection may take, and the longest wait before the next attempt.
const CONNECT_MAX: Duration = Duration::from_secs(1);

/// Time after which a connection without a sign of life is broken. Callers don't wait as long.
const SILENCE_MAX: Duration = Duration::from_secs(5);

impl Redis {
    /// Connects to `redis://host:6379`, with `rediss` encrypted, or to a cluster: several of them, separated by commas,
    /// or one with the scheme `redis-cluster` or `rediss-cluster`. Returns at once.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when that isn't what the text says.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self::connecting(Place::parse(url, None)?))
    }

    /// The same with certificates, which only an encrypted connection has use for.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT`, too, when one of the files can't be read, or a URL asks for a plain connection.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn with_tls(url: &str, tls: &Tls) -> Result<Self> {
        Ok(Self::connecting(Place::parse(url, Some(tls))?))
    }

    fn connecting(place: Place) -> Self {
        let link = Arc::<OnceLock<Link>>::default();
        let connecting = connect(place, Arc::clone(&link));
        let connecting = AbortOnDropHandle::new(tokio::spawn(connecting));
        Self { link, _connecting: Arc::new(connecting) }
    }

    /// Whether there is a connection, or was one.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.link.get().is_some()
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        let Some(link) = self.link.get() else {
            return Err(Status::unavailable("there is no connection to Redis yet"));
        };
        let answer = match link.clone() {
            Link::One(mut link) => command.query_async(&mut link).await,
            Link::Cluster(mut link) => command.query_async(&mut link).await,
        };
        answer.map_err(|error| Status::unavailable(format!("Redis: {error}")))
    }
}

impl SharedStore for Redis {
    fn get<'a>(&'a self, names: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<Option<Bytes>>>> {
        Box::pin(async move {
            let mut command = ::redis::cmd("MGET");
            command.arg(names);
            let found: Vec<Option<Vec<u8>>> = self.ask(&command).await?;
            Ok(found.into_iter().map(|value| value.map(Bytes::from)).collect())
        })
    }

    fn put<'a>(
        &'a self,
        name: &'a str,
        value: Bytes,
        until: SystemTime,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let end = until.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            let mut command = ::redis::cmd("SET");
            command.arg(name).arg(&*value).arg("PXAT").arg(unsigned_millis(end));
            self.ask(&command).await
        })
    }

    fn mark<'a>(
        &'a self,
        name: &'a str,
        value: Bytes,
        ttl: Duration,
        replace: bool,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut command = ::redis::cmd("SET");
            command.arg(name).arg(&*value).arg("PX").arg(unsigned_millis(ttl));
            if !replace {
                command.arg("NX");
            }
            self.ask(&command).await
        })
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("is_connected", &self.is_connected()).finish_non_exhaustive()
    }
}

/// Connects, however often it takes.
async fn connect(place: Place, link: Arc<OnceLock<Link>>) {
    loop {
        match place.connect().await {
            Ok(made) => {
                // Nobody else sets it.
                let _ = link.set(made);
                return;
            }
            Err(error) => tracing::debug!(%error, "connecting to Redis again"),
        }
        tokio::time::sleep(CONNECT_MAX).await;
    }
}

impl Place {
    fn parse(url: &str, tls: Option<&Tls>) -> Result<Self> {
        let wrong = |error: ::redis::RedisError| {
            // The text may hold a password.
            Status::invalid_argument(format!(
                "the URL of Redis can't be used, write `redis://host:6379`: {error}"
            ))
        };
        let texts: Vec<_> = url.split(',').map(str::trim).collect();
        let is_cluster = texts.len() > 1 || url.contains("-cluster://");
        let nodes = texts.iter().map(|text| node(text)).collect::<RedisResult<Vec<_>>>();
        let mut nodes = nodes.map_err(wrong)?;
        let is_plain = |node: &ConnectionInfo| matches!(node.addr(), ConnectionAddr::Tcp(..));
        if tls.is_some() && nodes.iter().any(is_plain) {
            return Err(Status::invalid_argument(
                "there are certificates for Redis, but its URL asks for a plain connection: write `rediss://`",
            ));
        }
        let certificates = tls.map(certificates).transpose()?;
        if is_cluster {
            let mut builder = ClusterClient::builder(nodes)
                .connection_timeout(CONNECT_MAX)
                .response_timeout(CONNECT_MAX)
                .tcp_settings(tcp());
            if let Some(certificates) = certificates {
                builder = builder.certs(certificates);
            }
            return builder.build().map(|client| Self::Cluster(Box::new(client))).map_err(wrong);
        }
        let node = nodes.remove(0);
        let client = match certificates {
            Some(certificates) => Client::build_with_tls(node, certificates),
            None => Client::open(node),
        };
        client.map(|client| Self::One(Box::new(client))).map_err(wrong)
    }

    async fn connect(&self) -> RedisResult<Link> {
        match self {
            Self::One(client) => {
                let config = ConnectionManagerConfig::new()
                    .set_connection_timeout(Some(CONNECT_MAX))
                    .set_response_timeout(Some(CONNECT_MAX))
                    .set_max_delay(CONNECT_MAX);
                ConnectionManager::new_with_config((**client).clone(), config).await.map(Link::One)
            }
            Self::Cluster(client) => client.get_async_connection().await.map(Link::Cluster),
        }
    }
}

fn node(text: &str) -> RedisResult<ConnectionInfo> {
    let node = text.replacen("-cluster://", "://", 1).into_connection_info()?;
    Ok(node.set_tcp_settings(tcp()))
}

fn certificates(tls: &Tls) -> Result<TlsCertificates> {
    let client_tls = match &tls.identity {
        None => None,
        Some((cert, key)) => Some(ClientTlsConfig {
            client_cert: crate::tls::read(cert)?,
            client_key: crate::tls::read(key)?,
        }),
    };
    let root_cert = tls.ca.as_deref().map(crate::tls::read).transpose()?;
    Ok(TlsCertificates { client_tls, root_cert })
}

fn tcp() -> TcpSettings {
    let settings = TcpSettings::default().set_nodelay(true);
    #[cfg(target_os = "linux")]
    let settings = settings.set_user_timeout(SILENCE_MAX);
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_several_or_says_so() {
        let is_cluster = |url| matches!(Place::parse(url, None), Ok(Place::Cluster(_)));
        assert!(is_cluster("redis://a:1, redis://b:2") && is_cluster("redis-cluster://a:1"));
        assert!(matches!(Place::parse("redis://:hush@a:1", None), Ok(Place::One(_))));
    }

    #[test]
    fn certificates_are_for_encrypted_connections() {
        let refused =
            |url, tls| Place::parse(url, Some(&tls)).err().map(|it| it.message().to_owned());
        let plain = refused("rediss://a:1,redis://b:2", Tls::default()).expect("one is plain");
        assert!(plain.contains("write `rediss://`"), "{plain}");
        let tls = Tls { ca: Some("/nowhere/ca.pem".into()), identity: None };
        let unread = refused("rediss://a:1", tls).expect("there is no such file");
        assert!(unread.contains("/nowhere/ca.pem"), "{unread}");
        assert_eq!(refused("rediss-cluster://a:1", Tls::default()), None);
    }

    #[test]
    fn what_is_no_url_is_refused_without_its_password() {
        let status = Place::parse("http://:hush@a:1", None).err().expect("no URL of Redis");
        assert!(status.message().contains("redis://host:6379"), "{status}");
        assert!(!status.message().contains("hush"), "{status}");
    }
}
