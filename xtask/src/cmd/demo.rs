//! `cargo xtask demo`.

use std::time::Instant;

use anyhow::Context as _;
use async_nats::jetstream::consumer::{DeliverPolicy, pull::OrderedConfig};
use bodybroker_runtime::config::Config;
use bodybroker_runtime::seal::Protection;
use futures::StreamExt as _;
use futures::stream::BoxStream;

use crate::catalogue::Catalogue;
use crate::duration;
use crate::server;
use crate::signals::Signals;
use crate::system::{self, Fleet, System};
use crate::tools::Tools;
use crate::{ui, workspace};

mod story;

/// Shows the whole system at work: generates, starts, calls, stops
///
/// Generates the code, starts a server and two instances of each service, walks through a story, and says how long
/// each call took.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// The services of the story, and how many instances of each.
const SERVICES: [&str; 3] = ["state-manager", "time-manager", "weather-manager"];
const INSTANCES: usize = 2;

/// Runs the command.
pub(crate) fn run(Args {}: &Args) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let began = Instant::now();
    chapter("The schema becomes code");
    super::r#gen::write(&root)?;
    let tools = Tools::install(&root)?;
    let catalogue = Catalogue::load(&root)?;
    let model = catalogue.model();
    let services = model.packages.iter().flat_map(|package| &package.services);
    let (count, methods) =
        services.fold((0, 0), |(n, m), service| (n + 1, m + service.methods.len()));
    let events: usize = model.packages.iter().map(|package| package.events.len()).sum();
    ui::say(format!("{count} services with {methods} methods and {events} events, all checked"));

    chapter("The code becomes processes");
    let built = Instant::now();
    let fleet = Fleet::build(&root)?;
    ui::say(format!("built the services in {}", duration::short(built.elapsed())));
    server::block_on(async {
        // Before anything runs, so that a signal finds somebody listening.
        let mut signals = Signals::listen()?;
        let mut system = System::start(&tools, None).await?;
        // A failure in the story must not hide behind one in the end.
        let told = tokio::select! {
            biased;
            () = signals.stop() => Err(anyhow::anyhow!("interrupted")),
            told = tell(&mut system, &fleet, catalogue) => told,
        };
        let stopping = Instant::now();
        let stopped = system.stop().await;
        told?;
        stopped?;
        ui::say(format!(
            "\nevery process drained and stopped in {}",
            duration::short(stopping.elapsed())
        ));
        ui::say(format!("{} in {}", ui::green("done"), duration::short(began.elapsed())));
        Ok(())
    })
}

async fn tell(system: &mut System, fleet: &Fleet, catalogue: Catalogue) -> anyhow::Result<()> {
    let started = Instant::now();
    fleet.provision(system.url()).await?;
    for service in SERVICES {
        for _ in 0..INSTANCES {
            system.launch(fleet, service)?;
        }
    }
    let client = system::client(system).await?;
    system.ready(&client).await?;
    let members: Vec<_> = system.members().map(|(name, _)| name).collect();
    ui::say(format!(
        "a NATS server and {} answer after {}",
        members.join(", "),
        duration::short(started.elapsed())
    ));
    let connection = server::join(Config::at(system.url()), Protection::off()).await?;
    let outcome = tokio::select! {
        outcome = story::tell(catalogue, connection, &client) => outcome,
        failure = system.broken() => Err(failure),
    };
    outcome.context("the story broke off")
}

/// Begins a part of the story.
fn chapter(title: &str) {
    ui::say(format!("\n{}", ui::bold(title)));
}

/// Listens to an event from now on.
async fn listen(
    catalogue: &Catalogue,
    client: &async_nats::Client,
    event: &str,
) -> anyhow::Result<BoxStream<'static, anyhow::Result<serde_json::Value>>> {
    let event = catalogue.event(event)?;
    let descriptor = catalogue.message(&event.message.full_name)?;
    let stream = async_nats::jetstream::new(client.clone()).get_stream(&event.stream).await?;
    let filter_subject = event.subject.pattern();
    let config = OrderedConfig {
        filter_subject,
        deliver_policy: DeliverPolicy::New,
        ..OrderedConfig::default()
    };
    let messages = stream.create_consumer(config).await?.messages().await?;
    let events = messages.map(move |message| {
        let message = message?;
        let event = crate::catalogue::read_event(&descriptor, &message)?;
        Ok(serde_json::from_str(&crate::catalogue::to_json(&event, false)?)?)
    });
    Ok(events.boxed())
}
