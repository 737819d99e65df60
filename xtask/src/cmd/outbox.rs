//! `cargo xtask outbox`.

use bodybroker_runtime::seal::Protection;
use bodybroker_runtime::spec::{BucketSpec, Storage, Versions};
use bodybroker_runtime::store::{RefusedEvent, Store};

use crate::server::{self, Server};
use crate::{ui, workspace};

/// Lists the events of a bucket that their streams refused, or puts them back to be published
///
/// Such an event was written with a value and then put aside, so that those behind it were published. Put back, it comes behind what
/// was published since.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Bucket that the values were written to, such as `payment`
    bucket: String,
    /// Put them back, once whatever it was is mended
    #[arg(long)]
    publish: bool,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = workspace::root()?;
    server::block_on(async {
        let connection = args.server.join(&root, Protection::default()).await?;
        let store: Store<()> = connection.store(anything_in(&args.bucket))?;
        let bucket = &args.bucket;
        if args.publish {
            let count = store.publish_refused_events().await?;
            let noun = if count == 1 { "event" } else { "events" };
            ui::say(format!("{count} {noun} of {bucket} put back to be published"));
        } else {
            let refused = store.refused_events().await?;
            let none = format!("no event of {bucket} is put aside");
            ui::say(if refused.is_empty() { none } else { table(&refused) });
        }
        connection.close().await;
        Ok(())
    })
}

/// A bucket as one sees it who doesn't look at values.
fn anything_in(bucket: &str) -> &'static BucketSpec {
    Box::leak(Box::new(BucketSpec {
        name: bucket.to_owned().leak(),
        value: "google.protobuf.Empty",
        sealed: None,
        indexes: &[],
        history: 1,
        ttl: None,
        storage: Storage::File,
        replicas: 1,
        versions: Versions::FIRST,
    }))
}

fn table(refused: &[RefusedEvent]) -> String {
    let mut table = ui::table(["key", "subject", "stream", "reason"]);
    for RefusedEvent { key, stream, subject, reason, time: _ } in refused {
        let key = key.as_deref().unwrap_or("(too long to tell)");
        table.add_row([key, subject, stream, reason]);
    }
    table.to_string()
}
