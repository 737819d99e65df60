use std::time::Duration;

use crate::schema::model::{Adaptive, Breaker, Hedge, Kind, Policy, Retry};
use crate::schema::{duration, option};

/// What is done for a method's callers. The nearest level that speaks of a thing says all of it; a stream has no policy.
pub(super) fn policy(
    kind: Kind,
    method: &option::Method,
    service: &option::Service,
    file: &option::File,
) -> Policy {
    if kind != Kind::Unary {
        return Policy::default();
    }
    let retry = method.retry.as_ref().or(service.retry.as_ref()).or(file.retry.as_ref());
    let breaker = method.breaker.as_ref().or(service.breaker.as_ref()).or(file.breaker.as_ref());
    Policy {
        retry: retry.map(self::retry).filter(|retry| retry.max_attempts > 1),
        breaker: breaker.map(self::breaker),
        hedge: method.hedge.as_ref().map(hedge),
    }
}

/// How a method's limit of calls in flight follows their times, if there is anything between the least and the most.
pub(super) fn adaptive(
    kind: Kind,
    max_in_flight: u32,
    method: &option::Method,
    service: &option::Service,
    file: &option::File,
) -> Option<Adaptive> {
    let written =
        method.adaptive.as_ref().or(service.adaptive.as_ref()).or(file.adaptive.as_ref())?;
    let option::Adaptive { min_limit, tolerance_percent } = written;
    let adaptive = Adaptive {
        min_limit: min_limit.unwrap_or(4),
        tolerance_percent: tolerance_percent.unwrap_or(25),
    };
    (kind == Kind::Unary && adaptive.min_limit < max_in_flight).then_some(adaptive)
}

fn retry(written: &option::Retry) -> Retry {
    let option::Retry { max_attempts, initial_backoff, max_backoff, attempt_timeout } = written;
    Retry {
        max_attempts: max_attempts.unwrap_or(3),
        initial_backoff: time(initial_backoff.as_ref()).unwrap_or(Duration::from_millis(10)),
        max_backoff: time(max_backoff.as_ref()).unwrap_or(Duration::from_secs(1)),
        attempt_timeout: time(attempt_timeout.as_ref()),
    }
}

fn breaker(written: &option::Breaker) -> Breaker {
    let option::Breaker {
        window,
        min_calls,
        failure_percent,
        slow_call,
        slow_percent,
        open,
        probes,
    } = written;
    Breaker {
        window: time(window.as_ref()).unwrap_or(Duration::from_secs(10)),
        min_calls: min_calls.unwrap_or(20),
        failure_percent: failure_percent.unwrap_or(50),
        slow_call: time(slow_call.as_ref()),
        slow_percent: slow_percent.unwrap_or(80),
        open: time(open.as_ref()).unwrap_or(Duration::from_secs(5)),
        probes: probes.unwrap_or(3),
    }
}

fn hedge(written: &option::Hedge) -> Hedge {
    let option::Hedge { delay, max_attempts } = written;
    Hedge {
        delay: duration::parse(delay).unwrap_or_default(),
        max_attempts: max_attempts.unwrap_or(2),
    }
}

pub(super) fn time(written: Option<&String>) -> Option<Duration> {
    written.map(String::as_str).and_then(duration::parse)
}
