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
    let mut pairs = Vec::new();
    let mut absent = Vec::new();
    for cell in &plan.cells {
        match Pair::start(cell, Program::Plain) {
            Ok(pair) => pairs.push(pair),
            Err(error) => absent.push((cell.name, format!("{error:#}"))),
        }
    }
    let bar = bar(plan, &pairs);
    let mut rounds = Vec::new();
    for shape in [Shape::Unary, Shape::Stream] {
        for &concurrency in plan.concurrency(shape) {
            let sweep = Sweep::new(&pairs, shape);
            if sweep.members.is_empty() {
                continue;
            }
            let warm = Load::lasting(concurrency, plan.round / 4);
            for &at in &sweep.members {
                bar.set_message(format!("{} x{concurrency}: warming", pairs[at].cell.name));
                pairs[at].round(rounds.len(), warm)?;
            }
            for _ in 0..plan.rounds {
                for &at in &sweep.order {
                    bar.set_message(format!("{} x{concurrency}", pairs[at].cell.name));
                    let load = Load::lasting(concurrency, plan.round);
                    let round = pairs[at].round(rounds.len(), load)?;
                    rounds.push(round);
                    bar.inc(1);
                }
            }
        }
    }
    bar.finish_and_clear();
    let counts =
        if plan.counts || plan.instructions { counts::count(plan, &mut pairs) } else { Vec::new() };
    Ok(Outcome { rounds, counts, absent })
}

/// The order of one sweep over the cells of a shape: the base stands between any two others.
struct Sweep {
    members: Vec<usize>,
    order: Vec<usize>,
}

impl Sweep {
    fn new(pairs: &[Pair], shape: Shape) -> Self {
        let members: Vec<usize> =
            (0..pairs.len()).filter(|&at| pairs[at].cell.shape == shape).collect();
        let base = members.iter().copied().find(|&at| pairs[at].cell.name == base(shape));
        let others = members.iter().copied().filter(|&at| Some(at) != base);
        let mut order: Vec<usize> = others.flat_map(|at| base.into_iter().chain([at])).collect();
        order.extend(base);
        Self { members, order }
    }
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

fn bar(plan: &Plan, pairs: &[Pair]) -> ProgressBar {
    let steps: usize = [Shape::Unary, Shape::Stream]
        .iter()
        .map(|&shape| {
            Sweep::new(pairs, shape).order.len() * plan.concurrency(shape).len() * plan.rounds
        })
        .sum();
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {eta} {msg}");
    let bar = ProgressBar::new(u64::try_from(steps).unwrap_or(u64::MAX));
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
