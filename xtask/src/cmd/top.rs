//! `cargo xtask top`.

use std::io::IsTerminal as _;
use std::time::Duration;

use tokio::time::Instant;

use crate::discovery;
use crate::server::{self, Server};
use crate::{ui, workspace};

mod keys;
mod rates;
mod screen;

use keys::Key;
use rates::Rates;
use screen::Screen;

/// Shows what the services do, live: calls, errors and times of each endpoint
///
/// Asks over NATS service discovery, so services that aren't ours show up too. `q` ends it, arrows scroll, `s` sorts by
/// the next column. Without a terminal it prints one table and ends.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Time between two looks, in seconds
    #[arg(long, default_value_t = 1.0, value_name = "SECONDS", value_parser = interval)]
    interval: f64,
    /// Print one table and end
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let interval = Duration::from_secs_f64(args.interval);
    server::block_on(async {
        let client = args.server.connect(&root).await?;
        if args.once || !std::io::stdout().is_terminal() {
            once(&client, interval).await
        } else {
            live(&client, interval).await
        }
    })
}

/// Looks twice, and prints what happened in between.
async fn once(client: &async_nats::Client, interval: Duration) -> anyhow::Result<()> {
    let mut rates = Rates::default();
    rates.look(&discovery::instances(client).await?, Instant::now());
    tokio::time::sleep(interval).await;
    rates.look(&discovery::instances(client).await?, Instant::now());
    anyhow::ensure!(!rates.rows().is_empty(), "the server is up, but no service answers");
    let mut table = ui::table(screen::HEAD);
    for row in rates.rows() {
        table.add_row(screen::cells(row));
    }
    ui::say(table);
    Ok(())
}

/// Looks again and again, and draws, until somebody has seen enough.
async fn live(client: &async_nats::Client, interval: Duration) -> anyhow::Result<()> {
    let mut rates = Rates::default();
    let mut keys = keys::read();
    let mut looks = tokio::time::interval(interval);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut screen = Screen::open()?;
    loop {
        tokio::select! {
            biased;
            key = keys.recv() => match key {
                None | Some(Key::Quit) => return Ok(()),
                Some(Key::Sort) => rates.sort_by_next(),
                Some(Key::Scroll(lines)) => screen.scroll(lines, rates.rows().len()),
                Some(Key::Redraw) => {}
            },
            _ = looks.tick() => rates.look(&discovery::instances(client).await?, Instant::now()),
        }
        screen.draw(&rates)?;
    }
}

fn interval(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|error| format!("{error}"))?;
    let fits = (0.1..=3600.0).contains(&seconds);
    fits.then_some(seconds).ok_or_else(|| "0.1 to 3600 seconds make sense".to_owned())
}
