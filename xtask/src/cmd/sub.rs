//! `cargo xtask sub`.

use std::time::SystemTime;

use anyhow::Context as _;
use async_nats::jetstream::{self, consumer::DeliverPolicy, consumer::pull::OrderedConfig};
use futures::StreamExt as _;

use crate::catalogue::{self, Catalogue};
use crate::duration;
use crate::keys::Keys;
use crate::server::{self, Server};
use crate::shown::Shown;
use crate::{ui, workspace};

/// Prints events as they come
///
/// One JSON object a line. Where it was published goes to standard error. Without keys sensitive fields are shown as <sealed>.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The event's message, such as `TimeTick` or `bodybroker.time_manager.v1.TimeTick`
    event: String,
    /// Begin with what happened since then, such as `5m`
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    replay: Option<std::time::Duration>,
    /// Stop after so many events
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    keys: Keys,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let catalogue = Catalogue::load(&root)?;
    let event = catalogue.event(&args.event)?;
    let descriptor = catalogue.message(&event.message.full_name)?;
    let sealed = catalogue.sealed(&event.message);
    let keys = args.keys.protection(&root, &args.server)?;
    let guard = keys.zip(sealed).map(|(keys, sealed)| keys.stored(sealed));
    // Without keys there is nothing to open, and nothing is shown.
    let hide = if guard.is_some() { None } else { sealed };
    server::block_on(async {
        let client = args.server.connect(&root).await?;
        let stream = jetstream::new(client).get_stream(&event.stream).await;
        let stream =
            stream.with_context(|| format!("the server has no stream {}", event.stream))?;
        let deliver_policy = match args.replay {
            Some(ago) => {
                DeliverPolicy::ByStartTime { start_time: (SystemTime::now() - ago).into() }
            }
            None => DeliverPolicy::New,
        };
        let filter_subject = event.subject.pattern();
        let config = OrderedConfig { filter_subject, deliver_policy, ..OrderedConfig::default() };
        let consumer =
            stream.create_consumer(config).await.context("the server refuses a consumer")?;
        let mut messages = consumer.messages().await?.take(args.count.unwrap_or(usize::MAX));
        while let Some(message) = messages.next().await {
            let message = message.context("the server went away")?;
            let plain = catalogue::event_bytes(&message)?;
            let opened = guard.as_ref().map(|guard| guard.open(&plain)).transpose()?.flatten();
            let event = Shown::read(&descriptor, opened.as_deref().unwrap_or(&plain), hide);
            let event =
                event.with_context(|| format!("{} carries something else", message.subject))?;
            ui::note(ui::dim(&message.subject));
            ui::say(event.to_json(false)?);
            if !ui::is_read() {
                break;
            }
        }
        Ok(())
    })
}
