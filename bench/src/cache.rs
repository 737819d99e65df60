//! Kept answers: what they cost, how often there is one, and how soon an old one is given up.

use std::time::Duration;

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;
use hdrhistogram::Histogram;

mod hits;
mod load;
mod news;
mod scene;

use scene::Scene;

/// Most that an answer of the process may take.
const LOCAL_MAX: Duration = Duration::from_micros(10);
/// Most that an answer out of Redis may take.
const SHARED_MAX: Duration = Duration::from_millis(1);
/// Most that may pass from the beginning of a publication to the first new answer.
const NEWS_MAX: Duration = Duration::from_millis(50);
/// Least share of calls that are answered without the service.
const RATE_MIN: f64 = 0.9;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Answers that are timed.
    calls: usize,
    /// How long the load lasts.
    load: Duration,
    /// Changes that are waited for.
    changes: u64,
}

impl Effort {
    /// Half a minute.
    pub(crate) const QUICK: Self =
        Self { calls: 2_000, load: Duration::from_secs(10), changes: 20 };
    /// A minute.
    pub(crate) const FULL: Self =
        Self { calls: 20_000, load: Duration::from_secs(20), changes: 200 };
}

/// Measures, and tells it in a table. It never fails because something was slow.
pub(crate) fn measure(effort: Effort) -> anyhow::Result<Table> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let scene = Scene::start().await?;
        let mut table = Table::new();
        table.load_style(ASCII_MARKDOWN);
        table.set_header(vec!["what", "p50", "p99", "most", "target", "verdict"]);
        let call = hits::call(&scene, effort.calls).await?;
        times(&mut table, "a call, for comparison", &call, None);
        let local = hits::local(&scene, effort.calls * 10).await?;
        times(&mut table, "an answer of the process", &local, Some(("p50", 0.5, LOCAL_MAX)));
        let shared = hits::shared(&scene, effort.calls).await?;
        times(&mut table, "an answer out of Redis", &shared, Some(("p50", 0.5, SHARED_MAX)));
        let told = news::told(&scene, effort.changes).await?;
        times(&mut table, "an event, until it is seen", &told, Some(("most", 1.0, NEWS_MAX)));
        let stored = news::stored(&scene, effort.changes).await?;
        let what = "a bucket's event, until it is seen";
        times(&mut table, what, &stored, Some(("most", 1.0, NEWS_MAX)));
        let alone = load::rate(&scene, effort.load, false).await?;
        rate(&mut table, "load answered without a call, each process alone", alone, false);
        let sharing = load::rate(&scene, effort.load, true).await?;
        rate(&mut table, "the same with Redis", sharing, true);
        Ok(table)
    })
}

fn times(
    table: &mut Table,
    what: &str,
    seen: &Histogram<u64>,
    target: Option<(&str, f64, Duration)>,
) {
    let time = |quantile| Duration::from_nanos(seen.value_at_quantile(quantile));
    let verdict = target.map_or("", |(_, at, limit)| verdict(time(at) < limit));
    let target = target.map_or_else(String::new, |(name, _, limit)| format!("{name} < {limit:?}"));
    let cell = |quantile| format!("{:.1?}", time(quantile));
    table.add_row(vec![
        what.to_owned(),
        cell(0.5),
        cell(0.99),
        cell(1.0),
        target,
        verdict.to_owned(),
    ]);
}

fn rate(table: &mut Table, what: &str, rate: f64, is_target: bool) {
    let (target, verdict) = if is_target {
        (format!("> {:.0} %", RATE_MIN * 100.0), verdict(rate > RATE_MIN))
    } else {
        (String::new(), "")
    };
    let cells = [what.to_owned(), format!("{:.1} %", rate * 100.0)];
    let empty = [String::new(), String::new()];
    table.add_row(cells.into_iter().chain(empty).chain([target, verdict.to_owned()]));
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "NOT MET" }
}
