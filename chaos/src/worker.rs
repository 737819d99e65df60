//! The service that suffers, as a part of a test or as a process of its own.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bodybroker_runtime::Connection;
use bodybroker_runtime::event::{Tuning, start_consumers_with};
use bodybroker_runtime::prelude::*;
use bodybroker_runtime::store::Store;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::api::chaos::v1::*;
use crate::plan::Plan;
use crate::stage::connect;

/// How an event is handled: whether it can be.
pub type Handler = dyn Fn(&Noted) -> Result<()> + Send + Sync;

/// Leaves traces: of calls in memory and, if it has a connection, as events; of events in memory.
pub struct Worker {
    name: String,
    traces: Option<Connection>,
    effects: Option<Store<Register>>,
    /// How often each call ran here.
    acted: Mutex<BTreeMap<u64, usize>>,
    /// When the last one began to.
    acted_at: Mutex<Option<Instant>>,
    /// How often each event was handled here, successfully or not.
    noted: Mutex<BTreeMap<u64, usize>>,
    values: Mutex<Values>,
    handler: Box<Handler>,
}

impl Worker {
    /// Leaves traces in memory only.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            traces: None,
            effects: None,
            acted: Mutex::default(),
            acted_at: Mutex::default(),
            noted: Mutex::default(),
            values: Mutex::default(),
            handler: Box::new(|_| Ok(())),
        }
    }

    /// Leaves traces of calls as events, too.
    #[must_use]
    pub fn traces(mut self, connection: &Connection) -> Self {
        self.traces = Some(connection.clone());
        self
    }

    /// Has each event write a value that nobody may have written before, and take some time over it.
    pub fn effects(mut self, connection: &Connection) -> Result<Self> {
        self.effects = Some(connection.store(&REGISTERS_BUCKET)?);
        Ok(self)
    }

    /// Handles events as told.
    #[must_use]
    pub fn handler(
        mut self,
        handler: impl Fn(&Noted) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.handler = Box::new(handler);
        self
    }

    /// How often each call ran here.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<u64, usize> {
        self.acted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// When the last call began to run here.
    #[must_use]
    pub fn acted_at(&self) -> Option<Instant> {
        *self.acted_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often each event was handled here.
    #[must_use]
    pub fn events(&self) -> BTreeMap<u64, usize> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What is recalled.
#[derive(Default)]
struct Values {
    versions: BTreeMap<String, u64>,
    asked: usize,
}

impl Worker {
    /// Changes a value; what it is now.
    pub fn change(&self, name: &str) -> u64 {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let version = values.versions.entry(name.to_owned()).or_default();
        *version += 1;
        *version
    }

    /// How often somebody asked for a value.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.values.lock().unwrap_or_else(PoisonError::into_inner).asked
    }
}

impl ChaosService for Worker {
    async fn look(&self, _: &Context, request: LookRequest) -> Result<LookResponse> {
        work(request.work_ms).await;
        Ok(LookResponse { instance: self.name.clone() })
    }

    async fn act(&self, _: &Context, request: ActRequest) -> Result<ActResponse> {
        let ActRequest { id, work_ms } = request;
        count(&self.acted, id);
        *self.acted_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        if let Some(connection) = &self.traces {
            // No id of a message: each run leaves a trace of its own.
            connection.publish(&Noted { by: self.name.clone(), id }).await?;
        }
        work(work_ms).await;
        Ok(ActResponse { instance: self.name.clone() })
    }

    async fn count(&self, _: &Context, _: CountRequest) -> Result<Outbound<CountResponse>> {
        Ok(Outbound::iter((0..).map(|number| CountResponse { number })))
    }

    async fn recall(&self, _: &Context, request: RecallRequest) -> Result<RecallResponse> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.asked += 1;
        let version = values.versions.get(&request.name).copied().unwrap_or_default();
        Ok(RecallResponse { version })
    }

    async fn on_noted(&self, _: &Context, event: Noted) -> Result<()> {
        count(&self.noted, event.id);
        if let Some(effects) = &self.effects {
            // Some die before the effect, some after.
            work(EFFECT_MS / 2).await;
            let effect = Register { value: event.id };
            match effects.create(&format!("effect-{}", event.id), &effect).await {
                // An earlier delivery came as far as this.
                Err(status) if status.code() == Code::AlreadyExists => {}
                other => drop(other?),
            }
            work(EFFECT_MS / 2).await;
        }
        (self.handler)(&event)
    }
}

fn count(counts: &Mutex<BTreeMap<u64, usize>>, id: u64) {
    *counts.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default() += 1;
}

async fn work(work_ms: u32) {
    if work_ms > 0 {
        tokio::time::sleep(Duration::from_millis(work_ms.into())).await;
    }
}

/// What an event takes, half of it before its effect.
const EFFECT_MS: u32 = 100;

/// What a worker that is a process serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Calls.
    Calls,
    /// Events.
    Events,
}

/// Silence of a worker after which another gets its events.
pub const ACK_WAIT: Duration = Duration::from_secs(3);

/// Serves until the process ends.
#[expect(clippy::print_stdout, reason = "the line tells the parent that the worker serves")]
pub async fn serve(url: &str, part: Part) -> Result<()> {
    let connection = connect(url, "worker").await?;
    match part {
        Part::Calls => {
            let worker = Arc::new(Worker::new("worker").traces(&connection));
            connection.serve(ChaosServer::from(worker)).await?;
        }
        Part::Events => {
            let worker = Worker::new("worker").effects(&connection)?;
            let tuning = Tuning { ack_wait: ACK_WAIT, handlers_max: 8, ..Tuning::default() };
            let service = ChaosServer::new(worker).into_service();
            start_consumers_with(&connection, &service, tuning).await?;
        }
    }
    println!("{READY}");
    std::future::pending().await
}

const READY: &str = "ready";

/// A worker that is a process of its own, killed when it is dropped.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts one and waits until it serves.
    pub async fn start(plan: &Plan, url: &str, part: Part) -> Result<Self> {
        let failed = |error| Status::internal(format!("the worker doesn't start: {error}"));
        let mut command = Command::new(&plan.program);
        let part = match part {
            Part::Calls => "calls",
            Part::Events => "events",
        };
        command.args(["worker", url, part]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().map_err(failed)?;
        let output = child.stdout.take().map(BufReader::new);
        let mut lines = output.ok_or_else(|| Status::internal("no output"))?.lines();
        match lines.next_line().await {
            Ok(Some(line)) if line == READY => Ok(Self(child)),
            other => Err(Status::internal(format!("the worker does not serve: {other:?}"))),
        }
    }

    /// Kills it with SIGKILL.
    pub async fn kill(&mut self) {
        // It may be gone already.
        let _ = self.0.kill().await;
    }
}
