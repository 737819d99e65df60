//! Conducts a measurement: starts the processes, interleaves the rounds, counts.

use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::cell::{Cell, Shape};
use crate::plan::{Plan, base};
use crate::process::{Broker, FastApi, Process, cpu};
use crate::sample::{Load, Sample};

pub use counts::Counts;

mod counts;
mod instructions;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Rounds in the order of time.
    pub rounds: Vec<Round>,
    /// What was counted for each cell.
    pub counts: Vec<Counts>,
    /// Cells that could not be measured, and why.
    pub absent: Vec<(&'static str, String)>,
}

/// One round of one cell.
#[derive(Debug, Clone, Serialize)]
pub struct Round {
    /// Place in time.
    pub order: usize,
    /// Name of the cell.
    pub cell: &'static str,
    /// Calls outstanding.
    pub concurrency: usize,
    /// What the client measured.
    pub sample: Sample,
    /// Processor time of the client in seconds.
    pub client_s: f64,
    /// Processor time of the server in seconds.
    pub server_s: f64,
    /// Processor time of the broker in seconds.
    pub broker_s: f64,
}

impl Round {
    /// Processor seconds of all three processes for 100 000 calls.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a round counts far fewer than 2^52 calls")]
    pub fn cpu_100k(&self) -> Option<f64> {
        let calls = self.sample.calls;
        let seconds = self.client_s + self.server_s + self.broker_s;
        (calls > 0).then(|| seconds * 100_000.0 / calls as f64)
    }
}

/// Measures.
pub fn conduct(plan: &Plan) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome { rounds: Vec::new(), counts: Vec::new(), absent: Vec::new() };
    let bar = bar();
    let mut pairs = Vec::new();
    for _ in 0..plan.rounds {
        // How a process happens to start, its figures may keep to for its life: so no round shares it with another.
        drop(pairs);
        pairs = start(plan, &mut outcome.absent);
        bar.set_length(steps(plan, &pairs));
        for shape in [Shape::Unary, Shape::Stream] {
            for &concurrency in plan.concurrency(shape) {
                sweep(plan, shape, concurrency, &mut pairs, &mut outcome.rounds, &bar)?;
            }
        }
    }
    bar.finish_and_clear();
    if plan.counts || plan.instructions {
        outcome.counts = counts::count(plan, &mut pairs);
    }
    Ok(outcome)
}

/// Starts every cell that isn't known to be absent.
fn start(plan: &Plan, absent: &mut Vec<(&'static str, String)>) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for cell in &plan.cells {
        if absent.iter().any(|(name, _)| *name == cell.name) {
            continue;
        }
        match Pair::start(cell, Program::Plain) {
            Ok(pair) => pairs.push(pair),
            Err(error) => absent.push((cell.name, format!("{error:#}"))),
        }
    }
    pairs
}

/// A round of each cell of a shape, warmed up.
fn sweep(
    plan: &Plan,
    shape: Shape,
    concurrency: usize,
    pairs: &mut [Pair],
    rounds: &mut Vec<Round>,
    bar: &ProgressBar,
) -> anyhow::Result<()> {
    let order = order(pairs, shape);
    for pair in pairs.iter_mut().filter(|pair| pair.cell.shape == shape) {
        bar.set_message(format!("{} x{concurrency}: warming", pair.cell.name));
        pair.round(0, Load::lasting(concurrency, plan.round / 4))?;
    }
    for at in order {
        bar.set_message(format!("{} x{concurrency}", pairs[at].cell.name));
        rounds.push(pairs[at].round(rounds.len(), Load::lasting(concurrency, plan.round))?);
        bar.inc(1);
    }
    Ok(())
}

/// The order of a sweep: each cell stands between the base and the other one that it is compared with.
fn order(pairs: &[Pair], shape: Shape) -> Vec<usize> {
    let find = |name| pairs.iter().position(|pair| pair.cell.name == name);
    let base = find(base(shape));
    let others = (0..pairs.len()).filter(|&at| pairs[at].cell.shape == shape && Some(at) != base);
    let mut order = Vec::new();
    for at in others {
        order.extend(base);
        order.push(at);
        order.extend(pairs[at].cell.beside.and_then(find));
    }
    order.extend(base);
    order
}

/// Which of the two programs plays.
#[derive(Debug, Clone, Copy)]
enum Program {
    /// The one that is timed.
    Plain,
    /// The one whose allocator counts.
    Counting,
}

/// Server and client of a cell, and a broker of their own: two cells may serve one subject.
struct Pair {
    cell: &'static Cell,
    // In the order in which they end: none sees another go away.
    client: Process,
    server: Server,
    broker: Option<Broker>,
}

enum Server {
    Own(Process),
    FastApi(FastApi),
}

impl Pair {
    fn start(cell: &'static Cell, program: Program) -> anyhow::Result<Self> {
        let broker = if cell.broker { Some(Broker::start()?) } else { None };
        let url = broker.as_ref().map_or("", Broker::url);
        let (server, url) = if cell.serve.is_none() {
            let server = FastApi::start()?;
            let url = server.address().to_owned();
            (Server::FastApi(server), url)
        } else {
            let (server, address) = Process::start(&mut role(program, "serve", cell, url)?)?;
            (Server::Own(server), if address.is_empty() { url.to_owned() } else { address })
        };
        let (client, _) = Process::start(&mut role(program, "drive", cell, &url)?)?;
        Ok(Self { cell, client, server, broker })
    }

    fn round(&mut self, order: usize, load: Load) -> anyhow::Result<Round> {
        let before = self.times()?;
        let sample =
            self.client.run(load).with_context(|| format!("cell {} failed", self.cell.name))?;
        let after = self.times()?;
        let [client_s, server_s, broker_s] =
            std::array::from_fn(|at| after[at].saturating_sub(before[at]).as_secs_f64());
        let (cell, concurrency) = (self.cell.name, load.concurrency);
        Ok(Round { order, cell, concurrency, sample, client_s, server_s, broker_s })
    }

    fn times(&self) -> anyhow::Result<[Duration; 3]> {
        let broker = self.broker.as_ref().map_or(Ok(Duration::ZERO), |broker| cpu(broker.id()))?;
        Ok([cpu(self.client.id())?, cpu(self.server.id())?, broker])
    }
}

impl Server {
    fn id(&self) -> u32 {
        match self {
            Self::Own(process) => process.id(),
            Self::FastApi(process) => process.id(),
        }
    }
}

fn role(program: Program, part: &str, cell: &Cell, url: &str) -> anyhow::Result<Command> {
    let own = std::env::current_exe().context("this program has no path")?;
    let path = match program {
        Program::Plain => own.with_file_name("bench"),
        Program::Counting => own.with_file_name("bench-counting"),
    };
    let mut command = Command::new(path);
    command.args([part, cell.name, url]);
    Ok(command)
}

fn steps(plan: &Plan, pairs: &[Pair]) -> u64 {
    let shapes = [Shape::Unary, Shape::Stream].iter();
    let sweeps = shapes.map(|&shape| order(pairs, shape).len() * plan.concurrency(shape).len());
    u64::try_from(sweeps.sum::<usize>() * plan.rounds).unwrap_or(u64::MAX)
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {eta} {msg}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
