//! `cargo xtask up`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::duration;
use crate::server;
use crate::signals::Signals;
use crate::system::{self, Fleet, System};
use crate::tools::Tools;
use crate::{ui, workspace};

/// Starts a server and the services; one Ctrl-C drains all
///
/// `ls`, `call` and `sub` find what runs here by themselves.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to start; all without it
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    services: Vec<String>,
    /// Instances of each service
    #[arg(long, value_name = "N", default_value_t = 1)]
    instances: usize,
    /// File to write once all are ready: the server's URL, then a line for each instance
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Keep the server's data in this folder; without it, it goes at the end
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let services = chosen(&root, &args.services)?;
    let tools = Tools::install(&root)?;
    let fleet = Fleet::build(&root)?;
    server::block_on(async {
        // Before anything runs, so that a signal finds somebody listening.
        let mut signals = Signals::listen()?;
        let mut system = System::start(&tools, args.store.as_deref()).await?;
        let ready = [Some(server::ready_file(&root)), args.ready_file.clone()];
        let ready: Vec<_> = ready.into_iter().flatten().collect();
        let outcome = tokio::select! {
            biased;
            () = signals.stop() => Ok(()),
            failure = serve(&mut system, &fleet, &services, args.instances, &ready) => failure,
        };
        for file in &ready {
            // Another system may have written it since.
            if server::named_in(file).is_some_and(|url| url == system.url()) {
                let _ = fs::remove_file(file);
            }
        }
        ui::note("draining");
        let stopped = system.stop().await;
        outcome.and(stopped)
    })
}

/// Starts everything, says so, and ends only when something breaks.
async fn serve(
    system: &mut System,
    fleet: &Fleet,
    services: &[String],
    instances: usize,
    ready: &[PathBuf],
) -> anyhow::Result<()> {
    let started = std::time::Instant::now();
    fleet.provision(system.url()).await?;
    for service in services {
        for _ in 0..instances {
            system.launch(fleet, service)?;
        }
    }
    let client = system::client(system).await?;
    system.ready(&client).await?;

    let mut table = ui::table(["instance", "process"]);
    let mut text = format!("{}\n", system.url());
    for (name, id) in system.members() {
        table.add_row([name.to_owned(), id.to_string()]);
        text.extend([name, " ", &id.to_string(), "\n"]);
    }
    ui::say(&table);
    ui::say(format!(
        "\n{} after {}; Ctrl-C stops all",
        system.url(),
        duration::short(started.elapsed())
    ));
    for file in ready {
        write_atomically(file, &text)?;
    }
    Err(system.broken().await)
}

/// The services that were asked for, or all.
fn chosen(root: &Path, asked: &[String]) -> anyhow::Result<Vec<String>> {
    let all = system::services(root)?;
    for name in asked {
        anyhow::ensure!(
            all.contains(name),
            "there is no service `{name}`; there are {}",
            all.join(", ")
        );
    }
    Ok(if asked.is_empty() { all } else { asked.to_vec() })
}

/// Writes a file that is never seen half written.
fn write_atomically(path: &Path, text: &str) -> anyhow::Result<()> {
    let unwritable = || format!("{} can't be written", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(unwritable)?;
    }
    let fresh = path.with_extension("new");
    fs::write(&fresh, text).with_context(unwritable)?;
    fs::rename(&fresh, path).with_context(unwritable)
}
