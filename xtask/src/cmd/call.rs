//! `cargo xtask call`.

use std::io::BufRead as _;
use std::time::Duration;

use bodybroker_runtime::seal::Protection;
use bodybroker_runtime::spec::Kind;

use crate::caller::{Answers, Caller};
use crate::catalogue::Catalogue;
use crate::duration;
use crate::keys::Keys;
use crate::server::{self, Server};
use crate::{ui, workspace};

/// Calls a method
///
/// Any method of any schema, in JSON. Answers of a stream are printed as they come, one a line; requests of a
/// stream are read from standard input, one a line. Without keys sensitive fields are sent in the clear, which a strict service
/// refuses, and shown as <sealed>.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The method, such as `TimeService.GetTime`
    method: String,
    /// The request, such as '{"worldId": "main"}'
    #[arg(default_value = "{}")]
    json: String,
    /// Wait so long instead of as long as the schema says, such as `2s`
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    timeout: Option<Duration>,
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    keys: Keys,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let catalogue = Catalogue::load(&root)?;
    let keys = args.keys.protection(&root, &args.server)?;
    server::block_on(async {
        let protection = keys.clone().unwrap_or_else(Protection::off);
        let connection = args.server.join(&root, protection).await?;
        let caller = Caller::new(catalogue, connection, keys.is_some());
        let outcome = call(args, &caller).await;
        caller.close().await;
        outcome
    })
}

async fn call(args: &Args, caller: &Caller) -> anyhow::Result<()> {
    let method = caller.method(&args.method)?;
    match method.kind() {
        Kind::Unary => {
            let answer = caller.unary(&method, &args.json, args.timeout).await?;
            ui::say(answer.to_json(true)?);
        }
        Kind::ServerStream => {
            print(caller, caller.server_stream(&method, &args.json, args.timeout).await?).await?;
        }
        Kind::ClientStream => {
            let answer = caller.client_stream(&method, lines()?).await?;
            ui::say(answer.to_json(true)?);
        }
        Kind::Bidirectional => {
            print(caller, caller.bidirectional(&method, lines()?).await?).await?;
        }
    }
    Ok(())
}

async fn print(caller: &Caller, mut answers: Answers) -> anyhow::Result<()> {
    while let Some(answer) = caller.next(&mut answers).await? {
        ui::say(answer.to_json(false)?);
        if !ui::is_read() {
            break;
        }
    }
    Ok(())
}

/// The requests of a stream.
fn lines() -> anyhow::Result<Vec<String>> {
    let lines = std::io::stdin().lock().lines().collect::<std::io::Result<Vec<_>>>()?;
    Ok(lines.into_iter().filter(|line| !line.trim().is_empty()).collect())
}
