//! A service that runs: how it comes up, and how it ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::safety;
use crate::config::Config;
use crate::connection::Connection;
use crate::event::{Consumers, start_consumers};
use crate::health::wait_for_others;
use crate::server::{Server, Service};
use crate::status::{Code, Result};
use crate::transport::BoxFuture;

/// Makes a service from its connection.
pub(super) type Start =
    Box<dyn FnOnce(Connection) -> BoxFuture<'static, Result<Arc<dyn Service>>> + Send>;

/// A service that runs.
pub(super) struct Running {
    pub(super) name: String,
    pub(super) connection: Connection,
    pub(super) server: Server,
    consumers: Consumers,
}

/// How long the server may take to come up.
const CONNECT_MAX: Duration = Duration::from_secs(30);
const CONNECT_PAUSE: Duration = Duration::from_millis(200);

/// The part of the grace for which calls are still taken while events are being handled, as a divisor.
const EVENTS_SHARE: u32 = 5;
/// The part of the grace in which others may be waited for, as a divisor.
const OTHERS_SHARE: u32 = 4;
/// What closing has at least, however long the handlers took.
const CLOSE_MIN: Duration = Duration::from_secs(2);

impl Running {
    pub(super) async fn start(config: &Config, name: &str, start: Start) -> Result<Self> {
        let connection = connect(config, name).await?;
        match serve(config, &connection, start).await {
            Ok((server, consumers)) => {
                Ok(Self { name: name.to_owned(), connection, server, consumers })
            }
            Err(status) => {
                connection.close().await;
                Err(status)
            }
        }
    }
}

async fn connect(config: &Config, name: &str) -> Result<Connection> {
    let began = Instant::now();
    loop {
        match Connection::connect(config.options(name)).await {
            Err(status) if status.code() == Code::Unavailable && began.elapsed() < CONNECT_MAX => {
                tracing::debug!(service = name, %status, "connecting again");
                tokio::time::sleep(CONNECT_PAUSE).await;
            }
            other => return other,
        }
    }
}

async fn serve(
    config: &Config,
    connection: &Connection,
    start: Start,
) -> Result<(Server, Consumers)> {
    let service = start(connection.clone()).await?;
    // Judged before events are taken: in a process that is about to be refused, each delivery would come to nothing.
    connection.protection().may_serve(service.spec())?;
    safety::check(connection, service.spec(), config.weak_storage).await?;
    let consumers = start_consumers(connection, &service).await?;
    let starting = consumers.unless_started();
    match connection.serve(service).await {
        Ok(server) => {
            starting.disarm();
            Ok((server, consumers))
        }
        Err(status) => {
            consumers.drain_within(Duration::ZERO).await;
            Err(status)
        }
    }
}

/// Drains, once the others can do without what runs here.
pub(super) async fn leave(running: Vec<Running>, config: &Config) {
    let began = Instant::now();
    if let Some(away) = config.eject {
        let within = config.drain / OTHERS_SHARE;
        let each = running.iter();
        let each = each.map(|one| wait_for_others(&one.connection, &one.server, away, within));
        join_all(each).await;
    }
    drain(running, config.drain.saturating_sub(began.elapsed())).await;
}

/// Ends without losing anything, in this order: no more events are pulled; calls that were routed here are answered;
/// the service's own tasks stop; what is left to write is written. All handlers have the grace together.
pub(super) async fn drain(running: Vec<Running>, grace: Duration) {
    let began = Instant::now();
    let left = || grace.saturating_sub(began.elapsed());
    let handled = CancellationToken::new();
    let events = async {
        join_all(running.iter().map(|one| one.consumers.drain_within(grace))).await;
        handled.cancel();
    };
    let calls = async {
        // Handlers of events may call what is served here, unless one of them takes too long.
        let _ = timeout(grace / EVENTS_SHARE, handled.cancelled()).await;
        join_all(running.iter().map(|one| one.server.drain_within(left()))).await;
    };
    tokio::join!(events, calls);
    let closed = join_all(running.iter().map(|one| one.connection.close()));
    if timeout(left().max(CLOSE_MIN), closed).await.is_err() {
        tracing::error!("a connection could not be closed in time");
    }
}
