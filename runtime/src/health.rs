//! Whether a process lives, has started and is ready: told over HTTP to whoever runs it.
//!
//! A probe is judged by what is written here, never by asking a server while somebody waits. What isn't ready is named,
//! with the moment since when.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures::future::select_all;
use tokio::sync::watch;

use crate::connection::{Connection, Strand};
use crate::mux::Mux;
use crate::server::Server;
use crate::status::Result;
use crate::telemetry::recorder::Recorder;
use crate::transport::{State, Transport};

mod breakers;
mod canary;
mod checks;
mod http;
mod lag;
mod membership;
mod report;

pub(crate) use checks::Checks;
pub(crate) use http::Port;
pub(crate) use membership::wait_for_others;
use report::Report;

/// What stands in the way of being ready. Cheap to clone; the clones are one.
#[derive(Clone, Default)]
pub(crate) struct Health(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// By what it is; in order, so that reports are.
    troubles: Mutex<BTreeMap<String, Trouble>>,
    services: Mutex<Vec<(Connection, Server)>>,
}

/// Why something isn't ready.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trouble {
    why: String,
    since: SystemTime,
}

/// Names the process itself among what may be in trouble.
const PROCESS: &str = "process";
/// What is said of it until everything is served.
const STARTING: &str = "starting";
/// Begins what names a connection.
const CONNECTION: &str = "connection";
/// What is said of a bucket before the first write, and of a check before it has run.
const UNTRIED: &str = "not tried yet";

impl Health {
    /// A process that is about to start.
    pub(crate) fn starting() -> Self {
        let health = Self::default();
        health.trouble(PROCESS, STARTING);
        health
    }

    /// Everything is served.
    pub(crate) fn started(&self) {
        self.well(PROCESS);
    }

    /// No more work is to come here, while what has come is seen out.
    pub(crate) fn draining(&self) {
        self.trouble(PROCESS, "draining");
    }

    /// Opens the HTTP port.
    pub(crate) async fn listen(&self, address: SocketAddr) -> Result<Port> {
        Port::open(address, self.clone(), Recorder::install()).await
    }

    /// Looks after a service until its connection is closed.
    pub(crate) fn watch(&self, name: &str, connection: &Connection, server: &Server) {
        self.lock_services().push((connection.clone(), server.clone()));
        for (role, transports) in roles(connection, server) {
            let what = format!("{name}: {CONNECTION} {role}");
            let states = transports.iter().map(|transport| transport.state()).collect();
            connection.spawn("health of a connection", self.clone().follow(what, states));
        }
        for bucket in server.spec().buckets {
            let what = format!("{name}: bucket {}", bucket.name);
            self.trouble(&what, UNTRIED);
            let canary = canary::sing(self.clone(), what, connection.durable(), bucket);
            connection.spawn("canary of a bucket", canary);
        }
        let checks = checks::run(self.clone(), name.to_owned(), connection.clone());
        connection.spawn("checks of a service", checks);
    }

    /// Has an instance that isn't well leave its queue groups, for this long at first.
    pub(crate) fn eject(
        &self,
        name: &str,
        connection: &Connection,
        server: &Server,
        away: Duration,
    ) {
        let (health, name) = (|| self.clone(), || name.to_owned());
        connection.spawn("lag of the threads", lag::watch(health(), name()));
        let breakers = breakers::watch(health(), name(), connection.clone());
        connection.spawn("breakers of a service", breakers);
        let (connection, server) = (connection.clone(), server.clone());
        let spawner = connection.clone();
        let keeping = membership::keep(health(), name(), connection, server, away);
        spawner.spawn("membership of an instance", keeping);
    }

    /// What keeps a service from doing its work, if anything does. A lost connection doesn't count: nothing comes over
    /// it anyway.
    fn sickness(&self, name: &str) -> Option<String> {
        let own = |what: &str| what.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned);
        self.lock().iter().find_map(|(what, Trouble { why, .. })| {
            let what = own(what).filter(|what| !what.starts_with(CONNECTION))?;
            (!is_beginning(why)).then(|| format!("{what}: {why}"))
        })
    }

    /// Notes what the connections for one purpose say of themselves: one that is there is enough.
    async fn follow(self, what: String, mut states: Vec<watch::Receiver<State>>) {
        loop {
            let now: Vec<_> = states.iter_mut().map(|state| *state.borrow_and_update()).collect();
            if now.iter().any(|now| matches!(now, State::Connected(_))) {
                self.well(&what);
            } else if now.contains(&State::LameDuck) {
                self.trouble(&what, "its server is about to stop");
            } else if now.contains(&State::Disconnected) {
                self.trouble(&what, "no server is connected");
            } else {
                return;
            }
            let changes = states.iter_mut().map(|state| Box::pin(state.changed()));
            if select_all(changes).await.0.is_err() {
                return;
            }
        }
    }

    /// Notes that something isn't ready; it stays so since when it was first said.
    fn trouble(&self, what: &str, why: impl Into<String>) {
        let why = why.into();
        let mut troubles = self.lock();
        if let Some(trouble) = troubles.get_mut(what) {
            trouble.why = why;
            return;
        }
        if !is_beginning(&why) {
            tracing::warn!(what, why, "not ready");
        }
        troubles.insert(what.to_owned(), Trouble { why, since: SystemTime::now() });
    }

    /// Notes that something is ready.
    fn well(&self, what: &str) {
        if let Some(trouble) = self.lock().remove(what)
            && !is_beginning(&trouble.why)
        {
            tracing::info!(what, "ready again");
        }
    }

    fn has_started(&self) -> bool {
        self.lock().get(PROCESS).is_none_or(|trouble| trouble.why != STARTING)
    }

    fn report(&self) -> Report {
        Report::of(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Trouble>> {
        self.0.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_services(&self) -> MutexGuard<'_, Vec<(Connection, Server)>> {
        self.0.services.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the gauges that are read off rather than kept, so that calls don't pay for them.
    fn gauge(&self) {
        for (connection, server) in &*self.lock_services() {
            let service = connection.name().to_owned();
            let muxes = || connection.strands().iter().map(Strand::mux);
            let calls = muxes().map(Mux::in_flight).sum();
            let streams = muxes().map(Mux::streams).sum();
            for (role, transports) in roles(connection, server) {
                let up = transports.iter().filter(|transport| transport.is_up()).count();
                let service = service.clone();
                metrics::gauge!("bb_connections_up", "service" => service, "role" => role)
                    .set(count(up));
            }
            metrics::gauge!("bb_calls_in_flight", "service" => service.clone()).set(count(calls));
            metrics::gauge!("bb_streams_open", "service" => service.clone()).set(count(streams));
            let (answers, bytes) = connection.calls().kept();
            metrics::gauge!("bb_cache_entries", "service" => service.clone()).set(large(answers));
            metrics::gauge!("bb_cache_bytes", "service" => service.clone()).set(large(bytes));
            metrics::gauge!("bb_handlers_in_flight", "service" => service)
                .set(count(server.in_flight()));
        }
        metrics::gauge!("bb_ready").set(if self.lock().is_empty() { 1.0 } else { 0.0 });
    }
}

/// The connections that a service needs, by what they are for.
fn roles<'a>(
    connection: &'a Connection,
    server: &Server,
) -> Vec<(&'static str, Vec<&'a Arc<dyn Transport>>)> {
    let strands = connection.strands().iter();
    let mut roles = vec![
        ("rx", strands.clone().map(Strand::rx).collect()),
        ("tx", strands.map(Strand::tx).collect()),
    ];
    if server.spec().has_critical() {
        roles.push(("critical", vec![connection.critical()]));
    }
    roles
}

#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^52")]
fn count(of: usize) -> f64 {
    of as f64
}

#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^52")]
fn large(of: u64) -> f64 {
    of as f64
}

/// Whether a trouble is nobody's business: it passes.
fn is_beginning(why: &str) -> bool {
    matches!(why, STARTING | UNTRIED)
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("troubles", &*self.lock()).finish_non_exhaustive()
    }
}
