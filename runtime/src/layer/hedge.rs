//! Makes another call beside one that dawdles, and takes the first answer.

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::time::Instant;

use super::budget::Budget;
use super::wire::{self, InFlight, Trial};
use super::{Request, Response};
use crate::spec::Hedge;
use crate::status::{Code, Result, Status};

/// When a call has taken so long that another is to be made beside it.
pub(super) fn alarm(policy: Option<&Hedge>, request: &Request, trial: Trial) -> Option<Instant> {
    policy.filter(|_| !request.once).map(|policy| trial.now + policy.delay)
}

/// Makes a call, and others beside it as its policy says. What is beaten is dropped, and so cancelled.
pub(super) async fn call(
    policy: Option<&Hedge>,
    budget: &Budget,
    request: &Request,
    trial: Trial,
) -> Result<Response> {
    let mut first = wire::send(request, &request.body, trial, alarm(policy, request, trial));
    match first.or_alarm().await {
        Some(result) => result,
        None => beside(first, policy, budget, request, trial).await,
    }
}

/// Waits for a call that dawdles, and makes others beside it.
pub(super) async fn beside(
    first: InFlight,
    policy: Option<&Hedge>,
    budget: &Budget,
    request: &Request,
    trial: Trial,
) -> Result<Response> {
    let Some(policy) = policy else { return first.await };
    let method = request.method().subject;
    let mut trials = FuturesUnordered::from_iter([first]);
    let mut made = 1;
    loop {
        if made < policy.max_attempts && budget.take() {
            metrics::counter!("bb_hedges_total", "method" => method).increment(1);
            let trial = Trial { now: Instant::now(), ..trial };
            trials.push(wire::send(request, &request.body, trial, None));
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
                Some(Err(status)) if trials.is_empty() || !depends_on_server(&status) => {
                    return Err(status);
                }
                // The others may still make it.
                Some(Err(_)) => {}
                None => break,
            }
        }
    }
}

/// Whether another instance may answer otherwise. What is wrong with the request, or isn't there, all of them say.
fn depends_on_server(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::ResourceExhausted
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Aborted
            | Code::Internal
            | Code::DataLoss
            | Code::Unknown
            | Code::UnknownOutcome
            | Code::Unimplemented
    )
}
