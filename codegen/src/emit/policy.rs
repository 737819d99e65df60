//! What is done for a method's callers, as part of its static.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;

use super::cache;
use super::source::ident;
use super::spec::{bucket_constant, duration, number};
use crate::schema::model::{ANSWERS, Adaptive, Breaker, Hedge, Method, Policy, Retry, Service};

/// The value of a method's `policy`: only what the schema asks for is written.
pub(super) fn value(method: &Method, schema: &str) -> TokenStream {
    let Method { policy: Policy { retry, breaker, hedge }, cache, .. } = method;
    let cache = cache.as_ref().map(|cache| cache::value(cache, schema));
    let retry = retry.as_ref().map(self::retry);
    let breaker = breaker.as_ref().map(self::breaker);
    let hedge = hedge.as_ref().map(self::hedge);
    if !is_asked_for(method) {
        return quote! { Policy::NONE };
    }
    let written = [&retry, &breaker, &hedge, &cache];
    let rest = written.iter().any(|it| it.is_none()).then(|| quote! { ..Policy::NONE });
    quote! { Policy { #retry #breaker #hedge #cache #rest } }
}

/// Whether anything is to be done for the callers of a method.
pub(super) fn is_asked_for(method: &Method) -> bool {
    let Method { policy: Policy { retry, breaker, hedge }, cache, .. } = method;
    retry.is_some() || breaker.is_some() || hedge.is_some() || cache.is_some()
}

/// Types that the policies of a service's methods are made of.
pub(super) fn used(service: &Service) -> Vec<&'static str> {
    let any = |asks: fn(&Policy) -> bool| service.methods.iter().any(|it| asks(&it.policy));
    let own = [
        ("Adaptive", service.methods.iter().any(|method| method.adaptive.is_some())),
        ("Breaker", any(|policy| policy.breaker.is_some())),
        ("Hedge", any(|policy| policy.hedge.is_some())),
        ("Retry", any(|policy| policy.retry.is_some())),
        ("Replay", service.methods.iter().any(|method| method.idempotency_ttl.is_some())),
    ]
    .into_iter()
    .filter_map(|(name, used)| used.then_some(name));
    own.chain(cache::used(service)).collect()
}

fn retry(retry: &Retry) -> TokenStream {
    let Retry { max_attempts, initial_backoff, max_backoff, attempt_timeout } = retry;
    let (initial_backoff, max_backoff) = (duration(*initial_backoff), duration(*max_backoff));
    let (max_attempts, attempt_timeout) = (number(*max_attempts), maybe(*attempt_timeout));
    quote! {
        retry: Some(Retry {
            max_attempts: #max_attempts,
            initial_backoff: #initial_backoff,
            max_backoff: #max_backoff,
            attempt_timeout: #attempt_timeout,
        }),
    }
}

fn breaker(breaker: &Breaker) -> TokenStream {
    let Breaker { window, min_calls, failure_percent, slow_call, slow_percent, open, probes } =
        breaker;
    let (window, open, slow_call) = (duration(*window), duration(*open), maybe(*slow_call));
    let (min_calls, probes) = (number(*min_calls), number(*probes));
    let (failure_percent, slow_percent) = (number(*failure_percent), number(*slow_percent));
    quote! {
        breaker: Some(Breaker {
            window: #window,
            min_calls: #min_calls,
            failure_percent: #failure_percent,
            slow_call: #slow_call,
            slow_percent: #slow_percent,
            open: #open,
            probes: #probes,
        }),
    }
}

fn hedge(hedge: &Hedge) -> TokenStream {
    let (delay, max_attempts) = (duration(hedge.delay), number(hedge.max_attempts));
    quote! { hedge: Some(Hedge { delay: #delay, max_attempts: #max_attempts }), }
}

/// How the limit of calls in flight follows their times, if it does.
pub(super) fn adaptive(adaptive: Option<Adaptive>) -> TokenStream {
    let Some(Adaptive { min_limit, tolerance_percent }) = adaptive else { return quote! { None } };
    let (min_limit, tolerance_percent) = (number(min_limit), number(tolerance_percent));
    quote! { Some(Adaptive { min_limit: #min_limit, tolerance_percent: #tolerance_percent }) }
}

/// Where answers to idempotency keys are kept, if they are.
pub(super) fn replay(ttl: Option<Duration>) -> TokenStream {
    let Some(ttl) = ttl else { return quote! { None } };
    let (bucket, ttl) = (ident(&bucket_constant(ANSWERS)), duration(ttl));
    quote! { Some(Replay { bucket: &#bucket, ttl: #ttl }) }
}

/// A duration that may be absent.
pub(super) fn maybe(time: Option<Duration>) -> TokenStream {
    time.map_or_else(
        || quote! { None },
        |time| {
            let time = duration(time);
            quote! { Some(#time) }
        },
    )
}
