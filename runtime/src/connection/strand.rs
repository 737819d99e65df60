//! The pairs of connections to the server that a connection is made of.
//!
//! nats-server reads each connection on a goroutine and writes it on another, and a process reads each on a task: who has more
//! to say than that carries asks for several pairs. What belongs together goes over one of them, because NATS keeps order
//! within a connection alone: a request, its cancellation, and the frames, grants and pieces that it leads to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::{join_all, select_ok};

use super::Options;
use crate::mux::Mux;
use crate::nats::Nats;
use crate::status::{Result, Status};
use crate::transport::{State, Transport};

/// A pair of connections to the server, so that a burst of one kind doesn't hold up the other and a drain is exact: `rx` carries
/// nothing but subscriptions, `tx` everything that is published and the answers to it.
#[derive(Debug)]
pub struct Strand {
    tx: Arc<dyn Transport>,
    rx: Arc<dyn Transport>,
    mux: Mux,
}

impl Strand {
    /// Makes a strand with an inbox of its own. `id` tells it from the others of the service.
    pub(super) fn new(
        tx: Arc<dyn Transport>,
        rx: Arc<dyn Transport>,
        service: &str,
        id: &str,
    ) -> Result<Self> {
        let mux = Mux::new(&*tx, service, id)?;
        Ok(Self { tx, rx, mux })
    }

    /// Connects both ways.
    pub(super) async fn connect(options: &Options, service: &str, id: &str) -> Result<Self> {
        let tx = Nats::connect(options.clone(), "tx");
        let rx = Nats::connect(options.clone(), "rx");
        let (tx, rx) = tokio::try_join!(tx, rx)?;
        Self::new(Arc::new(tx), Arc::new(rx), service, id)
    }

    /// Where requests, answers and events go out, and answers come in.
    #[must_use]
    pub fn tx(&self) -> &Arc<dyn Transport> {
        &self.tx
    }

    /// Where requests come in.
    #[must_use]
    pub fn rx(&self) -> &Arc<dyn Transport> {
        &self.rx
    }

    /// The inbox of calls and streams.
    #[must_use]
    pub fn mux(&self) -> &Mux {
        &self.mux
    }

    fn load(&self) -> usize {
        self.mux.in_flight() + self.mux.streams()
    }
}

/// All strands of a connection: one at least.
#[derive(Debug)]
pub(super) struct Strands {
    all: Box<[Strand]>,
    /// Where the search for the next one begins.
    turn: AtomicUsize,
}

impl Strands {
    pub(super) fn new(all: Vec<Strand>) -> Self {
        Self { all: all.into(), turn: AtomicUsize::new(0) }
    }

    pub(super) fn all(&self) -> &[Strand] {
        &self.all
    }

    /// The strand for the next call.
    pub(super) fn choose(&self) -> usize {
        if self.all.len() == 1 { 0 } else { self.least_loaded() }
    }

    /// Of those that are connected the one that has least in flight. One that is slow, or swallows what it is given and
    /// hasn't been found out yet, gathers calls and so gets fewer; taking turns alone would go on giving it its share.
    /// Where several have as little it is each one's turn, so that who calls now and then isn't stuck with a bad one.
    fn least_loaded(&self) -> usize {
        let count = self.all.len();
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let order = (0..count).map(|step| first.wrapping_add(step) % count);
        let load = |at: &usize| (!self.all[*at].tx.is_up(), self.all[*at].load());
        order.min_by_key(load).unwrap_or_default()
    }

    /// Another strand that can publish.
    pub(super) fn other(&self, than: usize) -> Option<usize> {
        (0..self.all.len()).find(|at| *at != than && self.all[*at].tx.is_up())
    }

    /// Whether nothing can be published.
    pub(super) fn is_down(&self) -> bool {
        self.all.iter().all(|strand| *strand.tx.state().borrow() == State::Disconnected)
    }

    /// Completes when something can be published; `false` when that will never be.
    pub(super) async fn up(&self) -> bool {
        let each = self.all.iter().map(|strand| {
            let mut state = strand.tx.state();
            Box::pin(async move { state.wait_for(|state| state.is_up()).await.map(drop) })
        });
        select_ok(each).await.is_ok()
    }

    /// Completes when the servers have processed everything that was published.
    pub(super) async fn flush(&self) -> Result<()> {
        all_of(self.all.iter().map(|strand| strand.tx.flush())).await
    }

    pub(super) async fn close(&self) {
        join_all(self.all.iter().map(|strand| strand.rx.close())).await;
        join_all(self.all.iter().map(|strand| strand.tx.close())).await;
    }
}

/// Waits for all, and tells the first failure.
async fn all_of(each: impl Iterator<Item = impl Future<Output = Result<()>>>) -> Result<()> {
    join_all(each).await.into_iter().collect::<Result<(), Status>>()
}
