//! One program that runs any of the services.
//!
//! `fleet <service>...` runs them, each with a connection of its own, until SIGTERM. `fleet provision` makes the
//! streams and buckets of all of them, and ends. Both read the environment as `bodybroker_runtime::config` says.

use std::process::ExitCode;

use bodybroker_runtime::config::Config;
use bodybroker_runtime::host::{Host, exit_code};
use bodybroker_runtime::provision::Provisioner;
use bodybroker_runtime::{Connection, Result, Status, telemetry};

mod services;

use services::{Entry, SERVICES};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    exit_code(run(&arguments))
}

fn run(arguments: &[String]) -> Result<()> {
    let config = Config::from_env()?;
    telemetry::start(&config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Status::internal(format!("no runtime: {error}")))?;
    match arguments {
        [] => Err(usage("nothing is named")),
        [word] if word == "provision" => runtime.block_on(provision(&config)),
        names => {
            let entries = names.iter().map(|name| find(name)).collect::<Result<Vec<_>>>()?;
            let host = entries.into_iter().fold(Host::new(config), |host, entry| (entry.add)(host));
            runtime.block_on(host.run())
        }
    }
}

async fn provision(config: &Config) -> Result<()> {
    let connection = Connection::connect(config.options("provisioner")).await?;
    let provisioner =
        Provisioner::new().streams(bodybroker_common::v1::STREAMS).allow_fewer_replicas();
    let provisioner = SERVICES.iter().fold(provisioner, |all, entry| all.service(entry.spec));
    provisioner.apply(&connection).await?;
    connection.close().await;
    Ok(())
}

fn find(name: &str) -> Result<&'static Entry> {
    SERVICES
        .iter()
        .find(|entry| entry.name == name)
        .ok_or_else(|| usage(&format!("there is no service `{name}`")))
}

fn usage(mistake: &str) -> Status {
    let names: Vec<_> = SERVICES.iter().map(|entry| entry.name).collect();
    Status::invalid_argument(format!(
        "{mistake}; say `fleet provision`, or `fleet` and one or more of {}",
        names.join(", ")
    ))
}
