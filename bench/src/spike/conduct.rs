//! Conducts the spike: starts the processes, has instances join and leave, reads clocks.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::echo::{Crossing, Echo};
use super::machine::Machine;
use super::order::{Order, Pace, Seen, Told};
use super::{Args, millis};
use crate::process::{Broker, Process, cpu};

/// Instances that are there from the beginning.
pub(super) const FEW: usize = 2;
/// Instances in the end.
pub(super) const ALL: usize = 4;
/// How many times the usual calls come in the spike.
const SPIKE: f64 = 10.0;
/// Callers that keep one instance busy: more than it lets in, since some are always away.
const CALLERS: usize = 24;

/// Everything that was measured.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Calls a second that one instance sustains.
    pub(super) one: f64,
    /// Calls a second that all instances sustain.
    pub(super) all: f64,
    /// What the callers were told.
    pub(super) told: Told,
    /// What messages took that crossed the broker meanwhile.
    pub(super) crossings: Vec<Crossing>,
    /// Readings, in the order of time: where a phase begins, and at the end.
    pub(super) readings: Vec<Reading>,
    /// When the spike ended.
    pub(super) spike_end: Duration,
}

/// What was read off at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// Since the beginning.
    pub(super) at: Duration,
    /// Instances from now on.
    pub(super) instances: usize,
    /// Whether this is in the spike.
    pub(super) spike: bool,
    /// What all instances have seen.
    pub(super) seen: Seen,
    /// The machine's processors.
    pub(super) machine: Machine,
    /// Processor time of the broker, of the instances and of the callers.
    pub(super) used: [Duration; 3],
}

/// Measures.
pub(super) fn conduct(args: &Args) -> anyhow::Result<Outcome> {
    let spike = Duration::from_secs(args.seconds.into());
    let calm = (spike * 2 / 3).max(Duration::from_secs(1));
    let sustain = (spike / 5).max(Duration::from_secs(1));
    let mut scene = Scene::start()?;
    scene.join()?;
    let one = scene.saturate(sustain)?;
    while scene.instances.len() < ALL {
        scene.join()?;
    }
    let all = scene.saturate(sustain)?;
    while scene.instances.len() > FEW {
        scene.leave()?;
    }
    let usual = f64::from(args.calls);
    let pace = |rate, time| Pace { rate, millis: millis(time) };
    let phases = vec![pace(usual, calm), pace(usual * SPIKE, spike), pace(usual, calm)];
    scene.load.tell(&Order::Pace { phases, seed: args.seed.into() })?;
    let began = Instant::now();
    let echo = Echo::start(scene.broker.url(), began);
    let spike_end = calm + spike;
    let mut readings = vec![scene.read(began, false)?];
    let mut at = |when: Duration, step: &dyn Fn(&mut Scene) -> anyhow::Result<()>| {
        std::thread::sleep((began + when).saturating_duration_since(Instant::now()));
        step(&mut scene)?;
        readings.push(scene.read(began, (calm..spike_end).contains(&when))?);
        anyhow::Ok(())
    };
    at(calm, &|_| Ok(()))?;
    at(calm + spike / 5, &Scene::join)?;
    at(calm + spike * 2 / 5, &Scene::join)?;
    at(spike_end, &|_| Ok(()))?;
    at(spike_end + calm / 3, &Scene::leave)?;
    at(spike_end + calm * 2 / 3, &Scene::leave)?;
    at(spike_end + calm, &|_| Ok(()))?;
    let (told, crossings) = (scene.load.hear()?, echo.end()?);
    scene.end()?;
    Ok(Outcome { one, all, told, crossings, readings, spike_end })
}

/// The processes.
struct Scene {
    // In the order in which they end.
    load: Process,
    instances: Vec<Process>,
    /// What those have seen who have left.
    left: Seen,
    /// Their processor time.
    left_used: Duration,
    broker: Broker,
}

impl Scene {
    fn start() -> anyhow::Result<Self> {
        let broker = Broker::start()?;
        let (load, _) = Process::start(&mut role("spike-load", broker.url())?)?;
        let (left, left_used) = (Seen::default(), Duration::ZERO);
        Ok(Self { load, instances: Vec::new(), left, left_used, broker })
    }

    /// Calls a second that the instances sustain.
    fn saturate(&mut self, time: Duration) -> anyhow::Result<f64> {
        let callers = CALLERS * self.instances.len();
        self.load.ask(&Order::Saturate { callers, millis: millis(time) })
    }

    fn join(&mut self) -> anyhow::Result<()> {
        let (instance, _) = Process::start(&mut role("spike-instance", self.broker.url())?)?;
        self.instances.push(instance);
        Ok(())
    }

    /// Has the youngest instance drain.
    fn leave(&mut self) -> anyhow::Result<()> {
        let mut instance = self.instances.pop().context("there is no instance")?;
        let seen: Seen = instance.ask(&"seen")?;
        self.left = add(self.left, seen);
        self.left_used += cpu(instance.id())?;
        instance.finish()
    }

    fn read(&mut self, began: Instant, spike: bool) -> anyhow::Result<Reading> {
        let (mut seen, mut used) = (self.left, self.left_used);
        for instance in &mut self.instances {
            seen = add(seen, instance.ask(&"seen")?);
            used += cpu(instance.id())?;
        }
        let used = [cpu(self.broker.id())?, used, cpu(self.load.id())?];
        let (at, instances) = (began.elapsed(), self.instances.len());
        Ok(Reading { at, instances, spike, seen, machine: Machine::read()?, used })
    }

    fn end(self) -> anyhow::Result<()> {
        self.load.finish()?;
        self.instances.into_iter().try_for_each(Process::finish)
    }
}

fn add(some: Seen, more: Seen) -> Seen {
    Seen { requests: some.requests + more.requests, shed: some.shed + more.shed }
}

fn role(part: &str, url: &str) -> anyhow::Result<Command> {
    let own = std::env::current_exe().context("this program has no path")?;
    let mut command = Command::new(own);
    command.args([part, url]);
    Ok(command)
}
