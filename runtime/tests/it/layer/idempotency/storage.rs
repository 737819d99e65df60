//! An instance whose storage does as it is told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bodybroker_runtime::bus::Bus;
use bodybroker_runtime::durable::{Append, Appended, Durable, Memory, Reading, Start, Stored};
use bodybroker_runtime::subject::{Filter, Subject};
use bodybroker_runtime::transport::BoxFuture;
use bodybroker_runtime::{Connection, Result, Server, Status};
use tokio::sync::watch;

use super::super::fixture::Script;
use crate::between::{Behind, Between};

/// What it does.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Does {
    #[default]
    Work,
    /// It can't be reached.
    Nothing,
    /// It takes what it is given, and doesn't say so yet.
    Hold,
}

#[derive(Default)]
pub(super) struct Storage {
    does: watch::Sender<Does>,
    writes: watch::Sender<usize>,
    readings: AtomicUsize,
    behind: Mutex<Duration>,
}

impl Storage {
    /// From now on.
    pub(super) fn does(&self, what: Does) {
        self.does.send_replace(what);
    }

    /// Completes when this many writes have arrived.
    pub(super) async fn written(&self, times: usize) {
        self.writes.subscribe().wait_for(|writes| *writes >= times).await.unwrap();
    }

    /// Its clock is behind that of the instance from now on.
    pub(super) fn is_behind(&self, by: Duration) {
        *self.behind.lock().unwrap() = by;
    }

    /// Readings that were opened.
    pub(super) fn readings(&self) -> usize {
        self.readings.load(Ordering::SeqCst)
    }

    fn answers(&self) -> Result<()> {
        match *self.does.borrow() {
            Does::Nothing => Err(Status::unavailable("the storage is away")),
            Does::Work | Does::Hold => Ok(()),
        }
    }
}

impl Between for Storage {
    fn append<'a>(
        &'a self,
        below: &'a Arc<dyn Durable>,
        message: Append,
    ) -> BoxFuture<'a, Result<Appended>> {
        Box::pin(async move {
            self.answers()?;
            let appended = below.append(message).await;
            self.writes.send_modify(|writes| *writes += 1);
            let mut does = self.does.subscribe();
            does.wait_for(|does| *does != Does::Hold).await.unwrap();
            appended
        })
    }

    fn last<'a>(
        &'a self,
        below: &'a Arc<dyn Durable>,
        stream: &'a str,
        subject: &'a Subject,
    ) -> BoxFuture<'a, Result<Option<Stored>>> {
        Box::pin(async move {
            let found = below.last(stream, subject).await?;
            self.answers()?;
            let behind = *self.behind.lock().unwrap();
            Ok(found.map(|stored| Stored { time: stored.time - behind, ..stored }))
        })
    }

    fn read<'a>(
        &'a self,
        below: &'a Arc<dyn Durable>,
        stream: &'a str,
        filter: &'a Filter,
        start: Start,
    ) -> BoxFuture<'a, Result<Reading>> {
        self.readings.fetch_add(1, Ordering::SeqCst);
        below.read(stream, filter, start)
    }
}

/// A caller, and an instance of the service with such a storage.
pub(super) async fn script() -> (Connection, Script, Server, Arc<Storage>) {
    let (bus, between) = (Bus::new(), Arc::<Storage>::default());
    let below: Arc<dyn Durable> = bus.attach(Memory::new);
    let durable = Arc::new(Behind { below, between: Arc::clone(&between) });
    let host = Connection::over(bus.connect(), bus.connect(), durable, "script").unwrap();
    let script = Script::new(&host);
    let server = host.serve(script.clone()).await.unwrap();
    (Connection::local(&bus, "client"), script, server, between)
}
