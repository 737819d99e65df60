//! Makes another call beside one that dawdles, and takes the first answer.

use std::pin::pin;

use futures::StreamExt as _;
use futures::future::{Either, select};
use futures::stream::FuturesUnordered;

use super::budget::Budget;
use super::{Request, Response};
use crate::spec::Hedge;
use crate::status::Result;

/// Makes a call, and others beside it as its policy says. What is beaten is dropped, and so cancelled.
pub(super) async fn call<A>(
    policy: Option<&Hedge>,
    budget: &Budget,
    request: &Request,
    attempt: impl Fn() -> A,
) -> Result<Response>
where
    A: Future<Output = Result<Response>> + Unpin,
{
    let Some(policy) = policy.filter(|_| !request.once) else { return attempt().await };
    let method = request.method().subject;
    let first = attempt();
    // Nearly every call ends here.
    let first = match select(first, pin!(tokio::time::sleep(policy.delay))).await {
        Either::Left((result, _)) => return result,
        Either::Right(((), first)) => first,
    };
    let mut trials = FuturesUnordered::from_iter([first]);
    let mut made = 1;
    loop {
        if made < policy.max_attempts && budget.take() {
            metrics::counter!("bb_hedges_total", "method" => method).increment(1);
            trials.push(attempt());
            made += 1;
        } else {
            made = policy.max_attempts;
        }
        let more = made < policy.max_attempts;
        loop {
            let ended = tokio::select! {
                biased;
                ended = trials.next() => ended,
                () = tokio::time::sleep(policy.delay), if more => None,
            };
            match ended {
                Some(Ok(response)) => return Ok(response),
                Some(Err(status)) if trials.is_empty() => return Err(status),
                // The others may still make it.
                Some(Err(_)) => {}
                None => break,
            }
        }
    }
}
