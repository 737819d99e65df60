//! `cargo xtask ls`.

use std::time::Duration;

use crate::discovery::{self, Instance};
use crate::server::{self, Server};
use crate::{ui, workspace};

/// Lists the services that run
///
/// Asks over NATS service discovery, so services that aren't ours show up too.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// List the endpoints of each instance
    #[arg(long, short)]
    endpoints: bool,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let found = server::block_on(async {
        let client = args.server.connect(&root).await?;
        discovery::instances(&client).await
    })?;
    anyhow::ensure!(!found.is_empty(), "the server is up, but no service answers");
    ui::say(if args.endpoints { endpoints(&found) } else { instances(&found) });
    Ok(())
}

fn instances(found: &[Instance]) -> String {
    let mut table =
        ui::table(["service", "id", "version", "schema", "endpoints", "requests", "errors"]);
    for instance in found {
        let requests: u64 = instance.endpoints.iter().map(|endpoint| endpoint.num_requests).sum();
        let errors: u64 = instance.endpoints.iter().map(|endpoint| endpoint.num_errors).sum();
        table.add_row([
            instance.name.clone(),
            instance.id.clone(),
            instance.version.clone(),
            instance.metadata.get("schema").cloned().unwrap_or_default(),
            instance.endpoints.len().to_string(),
            requests.to_string(),
            errors.to_string(),
        ]);
    }
    table.to_string()
}

fn endpoints(found: &[Instance]) -> String {
    let mut table = ui::table([
        "service",
        "id",
        "endpoint",
        "subject",
        "requests",
        "errors",
        "average",
        "last error",
    ]);
    for instance in found {
        for endpoint in &instance.endpoints {
            table.add_row([
                instance.name.clone(),
                instance.id.clone(),
                endpoint.name.clone(),
                endpoint.subject.clone(),
                endpoint.num_requests.to_string(),
                endpoint.num_errors.to_string(),
                format!("{:.1?}", Duration::from_nanos(endpoint.average_processing_time)),
                endpoint.last_error.clone(),
            ]);
        }
    }
    table.to_string()
}
