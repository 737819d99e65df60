//! One program that runs any of the services.
//!
//! `fleet <service>...` runs them, each with a connection of its own, until SIGTERM. `fleet provision` makes the
//! streams and buckets of all of them what their schemas say, and ends; `fleet plan` tells what that would change, and
//! fails where it would be refused. What takes something away is refused without `--allow-destruction`. All of
//! them read the environment as `bodybroker_runtime::config` says.

use std::process::ExitCode;

use bodybroker_runtime::config::Config;
use bodybroker_runtime::durable::Destruction;
use bodybroker_runtime::host::{Host, exit_code};
use bodybroker_runtime::provision::{Provisioner, Step};
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
        [word, flags @ ..] if word == "provision" => {
            runtime.block_on(provision(&config, destruction(flags)?))
        }
        [word, flags @ ..] if word == "plan" => {
            runtime.block_on(plan(&config, destruction(flags)?))
        }
        names => {
            let entries = names.iter().map(|name| find(name)).collect::<Result<Vec<_>>>()?;
            let host = entries.into_iter().fold(Host::new(config), |host, entry| (entry.add)(host));
            runtime.block_on(host.run())
        }
    }
}

/// Makes what all services need.
async fn provision(config: &Config, destruction: Destruction) -> Result<()> {
    let connection = Connection::connect(config.options("provisioner")).await?;
    for Step { stream, done } in provisioner().destruction(destruction).apply(&connection).await? {
        say(&stream, format!("{done:?}").to_lowercase());
    }
    connection.close().await;
    Ok(())
}

/// Tells what that would change.
async fn plan(config: &Config, destruction: Destruction) -> Result<()> {
    let connection = Connection::connect(config.options("provisioner")).await?;
    let plans = provisioner().plan(&connection).await?;
    for (stream, plan) in &plans {
        plan.to_string().lines().for_each(|line| say(stream, line));
    }
    connection.close().await;
    plans.iter().try_for_each(|(stream, plan)| plan.permit(stream, destruction))
}

fn provisioner() -> Provisioner {
    let streams = Provisioner::new().streams(bodybroker_common::v1::STREAMS).allow_fewer_replicas();
    SERVICES.iter().fold(streams, |all, entry| all.service(entry.spec))
}

fn destruction(flags: &[String]) -> Result<Destruction> {
    match flags {
        [] => Ok(Destruction::Refused),
        [flag] if flag == "--allow-destruction" => Ok(Destruction::Wanted),
        _ => Err(usage("there is one flag, `--allow-destruction`")),
    }
}

/// Prints a line about a stream.
#[expect(clippy::print_stdout, reason = "a command's answer goes to standard output")]
fn say(stream: &str, line: impl std::fmt::Display) {
    println!("{stream:<30} {line}");
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
        "{mistake}; say `fleet provision`, `fleet plan`, or `fleet` and one or more of {}",
        names.join(", ")
    ))
}
