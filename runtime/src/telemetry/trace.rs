//! Traces (W3C trace context): what a request causes is one tree, from its first caller to the last consumer of an event.
//!
//! Spans are made where they are exported. Elsewhere what arrives in headers is passed on as it came, log lines carry its
//! trace id, and a call outside any trace costs nothing and has no headers.

use tracing::Span;
use tracing::field::Empty;

use crate::context::Context;
use crate::headers::{self, Headers, name};
use crate::spec::{ConsumeSpec, EventSpec, MethodSpec};
use crate::status::Status;

#[cfg(not(feature = "otlp"))]
use self::nowhere as otlp;
#[cfg(feature = "otlp")]
use super::otlp;

// Errors by level, so that no filter of the log leaves out what tells a line's trace.
macro_rules! span {
    ($what:literal, $kind:literal, $name:expr) => {
        tracing::error_span!(
            $what,
            otel.kind = $kind,
            otel.name = $name,
            otel.status_code = Empty,
            code = Empty,
            attempt = Empty,
            trace_id = Empty,
        )
    };
}

/// Whether spans are made.
pub(crate) fn is_on() -> bool {
    otlp::is_on()
}

/// The span of a call, seen by its caller; a child of where it is made.
pub(crate) fn call(method: &'static MethodSpec) -> Span {
    if !is_on() {
        return Span::none();
    }
    span!("call", "client", full_name(method))
}

/// The span of one attempt of a call that goes through layers, which it tells its server about.
pub(crate) fn attempt(method: &'static MethodSpec, headers: &mut Headers) -> Span {
    if !is_on() {
        return Span::none();
    }
    let span = span!("attempt", "client", full_name(method));
    span.record("attempt", headers.get(name::ATTEMPT).unwrap_or("1"));
    inject(&span, headers);
    span
}

/// The span of a call, seen by its server; a child of its caller's.
pub(crate) fn handle(method: &'static MethodSpec, block: Option<&[u8]>) -> Span {
    let said = |name| block.and_then(|block| headers::find(block, name));
    let parent = said(name::TRACEPARENT).filter(|text| is_valid(text));
    if parent.is_none() && !is_on() {
        return Span::none();
    }
    let span = span!("handle", "server", full_name(method));
    descend(&span, parent, said(name::TRACESTATE));
    span
}

/// The span of a publication; a child of where it is made.
pub(crate) fn publish(event: &'static EventSpec) -> Span {
    if !is_on() {
        return Span::none();
    }
    span!("publish", "producer", event.name)
}

/// The span of an event's handling; a child of what published it.
pub(crate) fn consume(consumer: &'static ConsumeSpec, headers: &Headers) -> Span {
    let parent = headers.get(name::TRACEPARENT).filter(|text| is_valid(text));
    if parent.is_none() && !is_on() {
        return Span::none();
    }
    let span = span!("consume", "consumer", consumer.event.name);
    descend(&span, parent, headers.get(name::TRACESTATE));
    span
}

/// Tells whoever gets the headers which span they come from; `false` when the span is none.
pub(crate) fn inject(span: &Span, headers: &mut Headers) -> bool {
    !span.is_none() && otlp::inject(span, headers)
}

/// Tells whoever gets the headers where they come from: the span that is entered, or what the handler was told.
pub(crate) fn inject_current(headers: &mut Headers) {
    if is_on() && inject(&Span::current(), headers) {
        return;
    }
    if let Some(context) = Context::current() {
        pass_on(&context, headers);
    }
}

/// Passes on what a handler was told, as it came.
pub(crate) fn pass_on(context: &Context, headers: &mut Headers) {
    for name in [name::TRACEPARENT, name::TRACESTATE] {
        if let Some(value) = context.header(name)
            && headers.get(name).is_none()
        {
            // It came in a header, so it may leave in one.
            let _ = headers.insert(name, value);
        }
    }
}

/// Notes how what a span stands for has ended.
pub(crate) fn ended(span: &Span, how: Result<(), &Status>) {
    if span.is_none() {
        return;
    }
    match how {
        Ok(()) => drop(span.record("code", "OK")),
        Err(status) => {
            span.record("code", status.code().name());
            span.record("otel.status_code", "error");
        }
    }
}

/// Notes a moment of what a span stands for.
pub(crate) fn moment(span: &Span, what: &'static str) {
    if !span.is_none() {
        otlp::moment(span, what);
    }
}

/// Makes a span a child of what headers say, and tells its trace to the log.
fn descend(span: &Span, parent: Option<&str>, state: Option<&str>) {
    if let Some(parent) = parent {
        otlp::set_parent(span, parent, state);
    }
    if let Some(trace) = otlp::trace_id(span) {
        span.record("trace_id", trace);
    } else if let Some(parent) = parent {
        span.record("trace_id", &parent[ID]);
    }
}

/// Where the trace id stands in a `traceparent`.
const ID: std::ops::Range<usize> = 3..35;

/// Whether a text is a `traceparent` of the version that we know or one that is to come.
fn is_valid(text: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
    let is_zero = |part: &str| part.bytes().all(|it| it == b'0');
    let mut parts = text.split('-');
    let mut next = |length| parts.next().filter(|part| part.len() == length && is_hex(part));
    let (Some(version), Some(trace), Some(span), Some(_)) = (next(2), next(32), next(16), next(2))
    else {
        return false;
    };
    version != "ff"
        && !is_zero(trace)
        && !is_zero(span)
        && (version != "00" || parts.next().is_none())
}

fn full_name(method: &MethodSpec) -> String {
    format!("{}/{}", method.service, method.name)
}

/// What stands in where spans are not exported.
#[cfg(not(feature = "otlp"))]
mod nowhere {
    use tracing::Span;

    use crate::headers::Headers;

    pub(super) const fn is_on() -> bool {
        false
    }

    pub(super) const fn inject(_: &Span, _: &mut Headers) -> bool {
        false
    }

    pub(super) const fn set_parent(_: &Span, _: &str, _: Option<&str>) {}

    pub(super) const fn trace_id(_: &Span) -> Option<&'static str> {
        None
    }

    pub(super) const fn moment(_: &Span, _: &'static str) {}
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;
    use crate::spec::example::FEED;

    #[test]
    fn a_log_line_of_a_handler_carries_the_trace_of_its_caller() {
        static SPEC: MethodSpec = FEED;
        let log = Log::default();
        let lines = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::WARN)
            .with_ansi(false)
            .with_writer(move || lines.clone())
            .finish();
        let block = "NATS/1.0\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n";
        tracing::subscriber::with_default(subscriber, || {
            handle(&SPEC, Some(block.as_bytes())).in_scope(|| tracing::warn!("hungry"));
            handle(&SPEC, None).in_scope(|| tracing::warn!("alone"));
        });
        let log = log.0.lock().unwrap_or_else(PoisonError::into_inner);
        let log = String::from_utf8_lossy(&log);
        let line = |word| log.lines().find(|line| line.contains(word)).unwrap_or_default();
        assert!(line("hungry").contains("trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\""), "{log}");
        assert!(line("alone").contains("WARN bodybroker_runtime"), "it is in no span: {log}");
    }

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn only_a_traceparent_is_taken_for_one() {
        const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(is_valid(GOOD));
        assert_eq!(&GOOD[ID], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(is_valid(&GOOD.replacen("00", "cc", 1)), "a version to come");
        assert!(is_valid(&format!("{}-more", GOOD.replacen("00", "cc", 1))), "which may say more");
        for bad in [
            "",
            "00",
            &format!("{GOOD}-more"),
            &GOOD.replacen("00", "ff", 1),
            &GOOD.to_uppercase(),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
