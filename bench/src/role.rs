//! A process of one cell: its server or its client, ruled over standard input and output.

use std::io::{BufRead as _, Write as _};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};

use crate::cell::{Cell, Flavor};
use crate::load::{Driver, Log};
use crate::sample::{Load, Until};

/// Counts the allocations of this process so far; present in counting builds.
pub static ALLOCATIONS: OnceLock<fn() -> u64> = OnceLock::new();

/// Time after which a round that should have ended is given up.
const OVERTIME: Duration = Duration::from_secs(20);

/// Word that makes a server tell its count of allocations.
pub const ALLOCATIONS_ORDER: &str = "allocations";

/// What a server says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// It serves at this address.
    Ready(String),
    /// It has allocated so often.
    Allocations(Option<u64>),
}

/// Plays the server of a cell until standard input ends.
pub fn serve(cell: &Cell, url: String) -> anyhow::Result<()> {
    std::thread::spawn(obey);
    let serve = cell.serve.context("this server is no process of ours")?;
    runtime(cell.flavor)?.block_on(serve(url))
}

/// Plays the client of a cell until standard input ends.
pub fn drive(cell: &Cell, url: String) -> anyhow::Result<()> {
    runtime(cell.flavor)?.block_on((cell.drive)(url))
}

/// Tells the conductor that the server takes calls.
pub fn ready(address: impl Into<String>) -> anyhow::Result<()> {
    say(&Word::Ready(address.into()))
}

/// Runs a round for each order.
pub async fn follow(mut driver: impl Driver) -> anyhow::Result<()> {
    say(&Word::Ready(String::new()))?;
    while let Some(line) = tokio::task::spawn_blocking(read).await.context("reading panicked")?? {
        let load: Load = serde_json::from_str(&line).context("an order isn't a load")?;
        let time = match load.until {
            Until::Millis(millis) => Duration::from_millis(millis) + OVERTIME,
            // Under an instrumenting emulator a call takes a hundred times as long.
            Until::Calls(_) => OVERTIME * 30,
        };
        let (before, started) = (allocations(), Instant::now());
        let round = tokio::time::timeout(time, driver.run(load)).await;
        let elapsed = started.elapsed();
        let logs = round.context("a round doesn't end: a call got lost")??;
        let mut sample = Log::summary(&logs, elapsed);
        sample.allocations = allocations().zip(before).map(|(after, before)| after - before);
        say(&sample)?;
    }
    Ok(())
}

/// Makes the runtime of a process.
pub(crate) fn runtime(flavor: Flavor) -> anyhow::Result<Runtime> {
    let mut builder = match flavor {
        Flavor::MultiThread => Builder::new_multi_thread(),
        Flavor::CurrentThread => Builder::new_current_thread(),
    };
    builder.enable_all().build().context("a runtime can't be made")
}

/// Answers the conductor's questions to a server; the process ends with its standard input.
fn obey() {
    while let Ok(Some(line)) = read() {
        if line == ALLOCATIONS_ORDER && say(&Word::Allocations(allocations())).is_err() {
            break;
        }
    }
    std::process::exit(0);
}

/// Reads an order; none when the conductor is gone.
pub(crate) fn read() -> anyhow::Result<Option<String>> {
    let mut line = String::new();
    let length =
        std::io::stdin().lock().read_line(&mut line).context("standard input is broken")?;
    Ok((length > 0).then(|| line.trim_end().to_owned()))
}

/// Answers the conductor.
pub(crate) fn say(word: &impl Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, word)?;
    out.write_all(b"\n")?;
    out.flush().context("standard output is broken")
}

fn allocations() -> Option<u64> {
    ALLOCATIONS.get().map(|count| count())
}
