//! What the figures say: a table, and a verdict on each target.

use std::fmt;
use std::time::Duration;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use super::conduct::{ALL, Outcome};
use super::figures::{Stretch, back};

/// Least share of what the instances sustain that must be accepted in the spike, once all have joined.
const GOODPUT_MIN: f64 = 0.9;
/// Most that a call may take that is accepted at once in the spike, at the 99th percentile.
const P99_MAX_US: u64 = 5_000;
/// Most requests beyond one a call, to all requests.
const REPEATED_MAX: f64 = 0.2;
/// Time in which calls must be as usual again.
const BACK_MAX: Duration = Duration::from_secs(5);
/// Processors that must be idle, of each: times are no target's where calls wait for the machine.
const IDLE_MIN: f64 = 0.1;

/// Most that a message may take to cross the broker and come back, at the 99th percentile: a call crosses it twice.
const ECHO_MAX_US: u64 = P99_MAX_US / 2;

/// A finished measurement.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    processors: usize,
    /// Calls a second that one instance sustains, and all.
    sustained: [f64; 2],
    stretches: Vec<Stretch>,
    back_s: Option<f64>,
    failure: Option<String>,
    verdicts: Vec<Verdict>,
}

/// A target and what was measured.
#[derive(Debug, Serialize)]
struct Verdict {
    what: &'static str,
    wanted: String,
    measured: String,
    is: Met,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Met {
    Yes,
    Missed,
    /// The machine had no processor left or lent it late, so that it can't be told.
    Open,
}

impl From<bool> for Met {
    fn from(met: bool) -> Self {
        if met { Self::Yes } else { Self::Missed }
    }
}

impl Report {
    /// Evaluates.
    pub(super) fn new(outcome: &Outcome) -> Self {
        let Outcome { one, all, told, readings, spike_end, .. } = outcome;
        let stretches: Vec<_> =
            readings.windows(2).map(|pair| Stretch::between(&pair[0], &pair[1], outcome)).collect();
        let usual_us = stretches.first().map_or(0, |stretch| stretch.p99_us);
        let end = readings.last().map_or(*spike_end, |reading| reading.at);
        let back = back(&told.calls, *spike_end, end, usual_us);
        let mut report = Self {
            processors: std::thread::available_parallelism().map_or(1, Into::into),
            sustained: [*one, *all],
            stretches,
            back_s: back.map(|time| time.as_secs_f64()),
            failure: told.failure.clone(),
            verdicts: Vec::new(),
        };
        report.verdicts = report.judge();
        report
    }

    /// Whether no target is missed.
    pub(super) fn is_met(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.is != Met::Missed)
    }

    fn judge(&self) -> Vec<Verdict> {
        let spike = || self.stretches.iter().filter(|stretch| stretch.spike);
        let with_all = || spike().filter(|stretch| stretch.instances == ALL);
        let least = |of: &dyn Fn(&Stretch) -> f64| spike().map(of).fold(f64::INFINITY, f64::min);
        let sum = |of: &dyn Fn(&Stretch) -> usize| self.stretches.iter().map(of).sum::<usize>();
        let goodput = with_all().map(|stretch| stretch.goodput).fold(f64::INFINITY, f64::min);
        let most = |of: &dyn Fn(&Stretch) -> u64| spike().map(of).max().unwrap_or_default();
        let (p99_us, echo_us) =
            (most(&|stretch| stretch.p99_us), most(&|stretch| stretch.echo_p99_us));
        let repeated = Stretch::repeated(spike());
        let idle = least(&|stretch| stretch.idle);
        let (untold, failed) = (sum(&|stretch| stretch.untold), sum(&|stretch| stretch.failed));
        let shed = sum(&|stretch| stretch.shed);
        // Where calls wait for a processor, neither times nor what goes through are the instances'.
        let floor = IDLE_MIN * f64::from(u32::try_from(self.processors).unwrap_or(1));
        let fit = idle >= floor && echo_us <= ECHO_MAX_US;
        let if_able = |met: bool| if met || fit { met.into() } else { Met::Open };
        let verdict =
            |what, wanted: String, measured: String, is| Verdict { what, wanted, measured, is };
        vec![
            verdict(
                "accepted in the spike, of what all instances sustain",
                format!("> {:.0} %", GOODPUT_MIN * 100.0),
                percent(goodput),
                if_able(goodput > GOODPUT_MIN),
            ),
            verdict(
                "p99 of calls accepted at once in the spike",
                format!("< {} ms", P99_MAX_US / 1_000),
                format!("{} ms, {idle:.2} processors idle, echo {} ms", ms(p99_us), ms(echo_us)),
                if_able(p99_us < P99_MAX_US),
            ),
            verdict(
                "calls sent away that were told when to come again",
                "all".to_owned(),
                format!("{shed} of {}", shed + untold),
                (untold == 0).into(),
            ),
            verdict(
                "calls that failed otherwise",
                "none".to_owned(),
                failed.to_string(),
                (failed == 0).into(),
            ),
            verdict(
                "requests that repeat a call, of all requests in the spike",
                format!("< {:.0} %", REPEATED_MAX * 100.0),
                percent(repeated),
                (repeated < REPEATED_MAX).into(),
            ),
            verdict(
                "time after the spike until calls are as usual",
                format!("< {} s", BACK_MAX.as_secs()),
                self.back_s.map_or_else(|| "they aren't".to_owned(), |back| format!("{back:.2} s")),
                if_able(self.back_s.is_some_and(|back| back < BACK_MAX.as_secs_f64())),
            ),
        ]
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, all] = self.sustained;
        writeln!(
            f,
            "One instance sustains {one:.0} calls/s, {ALL} sustain {all:.0}; {} processors for all.\n\
             Times count from when a call was due; p50 and p99 are of calls accepted at once, p99* of all accepted.\n\
             An echo is a bare message that crosses the broker and comes back; a call crosses it twice.\n\n{}",
            self.processors,
            self.figures()
        )?;
        if let Some(failure) = &self.failure {
            writeln!(f, "the first failure: {failure}")?;
        }
        write!(f, "\n{}", self.targets())
    }
}

impl Report {
    fn figures(&self) -> Table {
        let mut table = table(vec![
            "calls",
            "instances",
            "s",
            "offered/s",
            "accepted/s",
            "of capacity",
            "shed/s",
            "failed",
            "repeated",
            "p50 ms",
            "p99 ms",
            "p99* ms",
            "echo p99 ms",
            "broker CPU",
            "instances CPU",
            "callers CPU",
            "all CPU",
            "idle CPU",
        ]);
        for stretch in &self.stretches {
            let shed = stretch.shed + stretch.untold;
            #[expect(clippy::cast_precision_loss, reason = "no count comes near 2^52")]
            let shed = shed as f64 / stretch.seconds;
            let [broker, instances, callers] = stretch.used;
            let mut row = vec![
                if stretch.spike { "spike" } else { "usual" }.to_owned(),
                stretch.instances.to_string(),
                format!("{:.1}", stretch.seconds),
                format!("{:.0}", stretch.rate()),
                format!("{:.0}", stretch.accepted_rate()),
                percent(stretch.goodput),
                format!("{shed:.0}"),
                stretch.failed.to_string(),
                percent(Stretch::repeated(std::iter::once(stretch))),
                ms(stretch.p50_us),
                ms(stretch.p99_us),
                ms(stretch.p99_all_us),
                ms(stretch.echo_p99_us),
            ];
            let used = [broker, instances, callers, stretch.busy, stretch.idle];
            row.extend(used.map(|processors| format!("{processors:.2}")));
            table.add_row(row);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }

    fn targets(&self) -> Table {
        let mut table = table(vec!["target", "wanted", "measured", "verdict"]);
        for Verdict { what, wanted, measured, is } in &self.verdicts {
            let verdict = match is {
                Met::Yes => "met",
                Met::Missed => "NOT MET",
                Met::Open => "open: the machine was busy or late",
            };
            table.add_row(vec![*what, wanted, measured, verdict]);
        }
        table
    }
}

fn table(header: Vec<&'static str>) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header);
    table
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[expect(clippy::cast_precision_loss, reason = "no time comes near 2^52 microseconds")]
fn ms(us: u64) -> String {
    format!("{:.2}", us as f64 / 1e3)
}
