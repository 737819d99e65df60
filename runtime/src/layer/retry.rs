//! Repeats a call that failed, where that is safe.

use std::time::Duration;

use rand::RngExt as _;
use tokio::time::Instant;

use super::Request;
use super::budget::Budget;
use super::wire::Trial;
use crate::spec::Retry;
use crate::status::{Code, Executed, Result, Status};

/// Whether another attempt may help a call that failed; `false` is the end of it.
pub(super) fn may_help(policy: Option<&Retry>, request: &Request, status: &Status) -> bool {
    policy.is_some() && !request.once && (may_repeat(request, status) || is_unsent(request, status))
}

/// Waits until it is time for another attempt; the failure of the last where there is none.
pub(super) async fn next(
    policy: Option<&Retry>,
    budget: &Budget,
    request: &Request,
    last: Trial,
    status: Status,
) -> Result<Trial> {
    let Some(policy) = policy.filter(|_| !request.once) else { return Err(status) };
    if reconnected(request, &status).await {
        return Ok(Trial::new(last.number, Instant::now(), Some(policy)));
    }
    let made = last.number;
    if made >= policy.max_attempts || !may_repeat(request, &status) {
        return Err(status);
    }
    let wait = wait(policy, made, &status);
    if Instant::now() + wait >= request.deadline {
        return Err(status);
    }
    let method = request.method().subject;
    if !budget.take() {
        metrics::counter!("bb_retries_denied_total", "method" => method).increment(1);
        return Err(status);
    }
    metrics::counter!("bb_retries_total", "method" => method).increment(1);
    tracing::debug!(method, made, %status, ?wait, "calling again");
    tokio::time::sleep(wait).await;
    Ok(Trial::new(made + 1, Instant::now(), Some(policy)))
}

/// Waits for a connection that was missing; what was never sent is no attempt. `false` when that wasn't the trouble, or
/// time runs out.
async fn reconnected(request: &Request, status: &Status) -> bool {
    if !is_unsent(request, status) {
        return false;
    }
    let back = request.connection.up();
    matches!(tokio::time::timeout_at(request.deadline, back).await, Ok(true))
}

/// Whether a call never left because the connection is down.
fn is_unsent(request: &Request, status: &Status) -> bool {
    status.executed() == Executed::No && request.connection.is_down()
}

/// Whether another attempt is safe and may help: the call never ran because of something that passes, or it may run
/// twice and its server or the way there failed.
fn may_repeat(request: &Request, status: &Status) -> bool {
    match (status.code(), status.executed()) {
        (Code::Unavailable | Code::ResourceExhausted, Executed::No) => true,
        // The attempt's time ran out, not the call's: the deadline is looked at next.
        (Code::Unavailable | Code::DeadlineExceeded, Executed::Unknown)
        | (Code::Unavailable, Executed::Yes) => request.is_repeatable(),
        _ => false,
    }
}

/// A random time up to a limit that doubles with each attempt, and not before the server asks for.
fn wait(policy: &Retry, attempt: u32, status: &Status) -> Duration {
    let doubled = 2_u32.saturating_pow(attempt - 1);
    let limit = policy.initial_backoff.saturating_mul(doubled).min(policy.max_backoff);
    let jittered = limit.mul_f64(rand::rng().random_range(0.0..1.0));
    status.retry_after().unwrap_or_default() + jittered
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Retry = Retry {
        max_attempts: 5,
        initial_backoff: Duration::from_millis(10),
        max_backoff: Duration::from_millis(50),
        attempt_timeout: None,
    };

    #[test]
    fn waits_are_random_below_a_limit_that_doubles_up_to_another() {
        let status = Status::unavailable("");
        for (attempt, limit) in [(1, 10), (2, 20), (3, 40), (4, 50), (100, 50)] {
            let waits: Vec<_> = (0..200).map(|_| wait(&POLICY, attempt, &status)).collect();
            let limit = Duration::from_millis(limit);
            assert!(waits.iter().all(|wait| *wait <= limit), "attempt {attempt}");
            assert!(waits.iter().any(|wait| *wait < limit / 4), "attempt {attempt} has a low one");
            assert!(waits.iter().any(|wait| *wait > limit / 4 * 3), "and a high one");
        }
    }

    #[test]
    fn a_server_that_says_when_is_not_asked_before() {
        let after = Duration::from_millis(300);
        let status = Status::resource_exhausted("").with_retry_after(after);
        assert!((0..100).all(|_| wait(&POLICY, 1, &status) >= after));
    }
}
