//! A replica that lags behind, and answers readings all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bodybroker_runtime::Result;
use bodybroker_runtime::durable::{Durable, Memory, Start, Stored};
use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::subject::Filter;
use bodybroker_runtime::transport::BoxFuture;

use super::bucket;
use crate::between::{Behind, Between};

/// So many readings end with an old revision in the place of the last message.
#[derive(Default)]
struct Lagging(AtomicUsize);

impl Between for Lagging {
    fn snapshot<'a>(
        &'a self,
        below: &'a Arc<dyn Durable>,
        stream: &'a str,
        filter: &'a Filter,
        start: Start,
    ) -> BoxFuture<'a, Result<Vec<Stored>>> {
        Box::pin(async move {
            let mut read = below.snapshot(stream, filter, start).await?;
            let lags =
                self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
            if let Some(last) = read.last_mut().filter(|_| lags.is_ok()) {
                last.sequence -= 1;
                last.payload = "old".into();
                last.headers = Headers::new();
            }
            Ok(read)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn lists_and_history_show_what_a_lagging_replica_lacks() -> Result<()> {
    let lagging = Arc::new(Lagging::default());
    let (below, between) = (Arc::new(Memory::new()), Arc::clone(&lagging));
    let durable: Arc<dyn Durable> = Arc::new(Behind { below, between });
    let bucket = bucket(&durable).await?;
    bucket.put("b", "here".into()).await?;
    for lags in [0, 1, usize::MAX] {
        lagging.0.store(lags, Ordering::Relaxed);
        let new = bucket.put("a", "new".into()).await?;
        assert_eq!(bucket.history("a").await?.last().unwrap().revision, new);
        lagging.0.store(lags, Ordering::Relaxed);
        assert_eq!(bucket.entries().await?.last().unwrap().revision, new);
        bucket.delete("a", None).await?;
        lagging.0.store(lags, Ordering::Relaxed);
        assert_eq!(bucket.keys().await?, ["b"]);
    }
    Ok(())
}
