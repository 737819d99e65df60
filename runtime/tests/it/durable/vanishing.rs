//! What is gone between the moment when a watch begins and the one when it would be shown.

use std::sync::Arc;

use bodybroker_runtime::Result;
use bodybroker_runtime::durable::{Durable, Memory, Reading, Start};
use bodybroker_runtime::subject::{Filter, Subject};
use bodybroker_runtime::transport::BoxFuture;

use super::{bucket, shown};
use crate::between::{Behind, Between};

/// Removes `b` just before something is read.
struct Vanishing;

impl Between for Vanishing {
    fn read<'a>(
        &'a self,
        below: &'a Arc<dyn Durable>,
        stream: &'a str,
        filter: &'a Filter,
        start: Start,
    ) -> BoxFuture<'a, Result<Reading>> {
        Box::pin(async move {
            below.purge(stream, &Subject::literal("$KV.things.b")).await?;
            below.read(stream, filter, start).await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_becomes_current_without_it() -> Result<()> {
    let (below, between) = (Arc::new(Memory::new()), Arc::new(Vanishing));
    let durable: Arc<dyn Durable> = Arc::new(Behind { below, between });
    let bucket = bucket(&durable).await?;
    bucket.put("a", "1".into()).await?;
    for (start, expected) in
        [(Start::LastPerSubject, &["a=1", "current"][..]), (Start::Sequence(2), &["current"])]
    {
        bucket.put("b", "2".into()).await?;
        let mut watch = bucket.watch(None, start).await?;
        assert_eq!(shown(&mut watch, expected.len()).await?, expected);
    }
    Ok(())
}
