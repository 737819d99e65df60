//! A TCP proxy whose links fail as told.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::random;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::status::{Result, Status};

mod carrier;
mod flow;

pub use flow::{Faults, Flow};

/// A TCP proxy on 127.0.0.1 between clients and one server. Its faults are switched while it runs and concern the
/// connections that are open as well as new ones. Dropping it cuts them all.
///
/// What TCP would do is kept: bytes are neither lost nor reordered, they come late or never. A blocked way reads
/// nothing, so neither side hears of the other's end; what was on its way goes on once the way is open.
pub struct Proxy {
    shared: Arc<Shared>,
    port: u16,
    listening: JoinHandle<()>,
}

struct Shared {
    seed: u64,
    target: watch::Sender<Option<SocketAddr>>,
    faults: watch::Sender<Faults>,
    cut: watch::Sender<CancellationToken>,
    /// What ends each connection that is open, by its number.
    ends: Mutex<BTreeMap<usize, CancellationToken>>,
    accepted: AtomicUsize,
    open: AtomicUsize,
}

impl Proxy {
    /// Listens on a port of its own. Clients are sent away until [`Proxy::set_target`] says where to.
    ///
    /// # Errors
    /// `UNAVAILABLE` when no port is free.
    pub async fn listen() -> Result<Self> {
        Self::seeded(random()).await
    }

    /// Listens, and lets a seed decide on jitter and loss.
    ///
    /// # Errors
    /// As [`Proxy::listen`].
    pub async fn seeded(seed: u64) -> Result<Self> {
        let failed = |error| Status::unavailable(format!("the proxy can't listen: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let shared = Arc::new(Shared {
            seed,
            target: watch::Sender::new(None),
            faults: watch::Sender::new(Faults::NONE),
            cut: watch::Sender::new(CancellationToken::new()),
            ends: Mutex::default(),
            accepted: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
        });
        let listening = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { shared, port, listening })
    }

    /// Listens for clients of a server.
    ///
    /// # Errors
    /// As [`Proxy::listen`].
    pub async fn to(target: impl Into<SocketAddr>) -> Result<Self> {
        let proxy = Self::listen().await?;
        proxy.set_target(target);
        Ok(proxy)
    }

    /// Says where new connections go.
    pub fn set_target(&self, target: impl Into<SocketAddr>) {
        self.shared.target.send_replace(Some(target.into()));
    }

    /// The port that clients connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where NATS clients connect.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// What decides on jitter and loss.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.shared.seed
    }

    /// Connections that are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// Connections that were ever accepted.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// Switches faults on, in place of those before.
    pub fn set(&self, faults: Faults) {
        self.shared.faults.send_replace(faults);
    }

    /// Changes one fault and leaves the others.
    pub fn change(&self, change: impl FnOnce(&mut Faults)) {
        self.shared.faults.send_modify(change);
    }

    /// Lets everything through as it comes.
    pub fn heal(&self) {
        self.set(Faults::NONE);
    }

    /// Ends every open connection with a reset.
    pub fn cut(&self) {
        self.shared.cut.send_replace(CancellationToken::new()).cancel();
    }

    /// Ends one connection with a reset: that which was accepted so many before it, from 0. `false` when it isn't open.
    #[must_use]
    pub fn cut_one(&self, number: usize) -> bool {
        let end = self.shared.ends().get(&number).cloned();
        end.inspect(CancellationToken::cancel).is_some()
    }

    /// Sends new clients away until [`Proxy::set_target`] says where to; connections that are open go on.
    pub fn refuse(&self) {
        self.shared.target.send_replace(None);
    }

    /// Blocks both ways without a word: neither side is told anything.
    pub fn black_hole(&self) {
        self.change(|faults| (faults.up.blocked, faults.down.blocked) = (true, true));
    }
}

impl Shared {
    fn ends(&self) -> MutexGuard<'_, BTreeMap<usize, CancellationToken>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.cut();
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("port", &self.port)
            .field("seed", &self.shared.seed)
            .field("target", &*self.shared.target.borrow())
            .field("faults", &*self.shared.faults.borrow())
            .finish_non_exhaustive()
    }
}

/// Pause when there are no more file descriptors.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            tokio::time::sleep(EXHAUSTED_PAUSE).await;
            continue;
        };
        let number = shared.accepted.fetch_add(1, Ordering::Relaxed);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let end = shared.cut.borrow().child_token();
            shared.ends().insert(number, end.clone());
            shared.open.fetch_add(1, Ordering::Relaxed);
            connect(client, &shared, number as u64, &end).await;
            shared.open.fetch_sub(1, Ordering::Relaxed);
            shared.ends().remove(&number);
        });
    }
}

async fn connect(client: TcpStream, shared: &Shared, number: u64, cut: &CancellationToken) {
    let mut faults = shared.faults.subscribe();
    // A handshake needs both ways.
    let connecting = async {
        let clear = |faults: &Faults| !faults.up.blocked && !faults.down.blocked;
        faults.wait_for(clear).await.ok()?;
        let target = *shared.target.borrow();
        TcpStream::connect(target?).await.ok()
    };
    let server = cut.run_until_cancelled(connecting).await.flatten();
    let Some(server) = server else { return carrier::reset(&client) };
    let seed = shared.seed.wrapping_add(number);
    carrier::carry(client, server, &shared.faults, cut, seed).await;
}
