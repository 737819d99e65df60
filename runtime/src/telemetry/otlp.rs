//! Spans on their way to a collector (OTLP over HTTP, in protobuf).

use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Span;
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer, Registry};

use crate::config::Otlp;
use crate::headers::{Headers, name};
use crate::status::{Result, Status};

mod post;

use post::Post;

/// Set once what is exported reaches the collector.
static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// Time that a collector may take to accept spans.
const TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn is_on() -> bool {
    PROVIDER.get().is_some()
}

/// Prepares to export; spans are made once [`start`] is called.
pub(super) fn layer(
    config: &Otlp,
) -> Result<(SdkTracerProvider, Box<dyn Layer<Registry> + Send + Sync>)> {
    let wrong = |error: &dyn std::fmt::Display| {
        Status::invalid_argument(format!(
            "OTEL_EXPORTER_OTLP_ENDPOINT leads to `{}`, where spans can't be sent: {error}",
            config.traces
        ))
    };
    let post = Post::to(&config.traces, &config.tls, TIMEOUT)
        .map_err(|status| wrong(&status.message()))?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(post)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(&config.traces)
        .with_timeout(TIMEOUT)
        .build()
        .map_err(|error| wrong(&error))?;
    let resource = Resource::builder().with_service_name(config.service.clone()).build();
    let provider =
        SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("bodybroker"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(LevelFilter::INFO);
    Ok((provider, Box::new(layer)))
}

/// Makes spans from now on.
pub(super) fn start(provider: SdkTracerProvider) {
    let _ = PROVIDER.set(provider);
}

/// Sends what has ended so far. Blocks.
pub(super) fn flush() {
    if let Some(provider) = PROVIDER.get()
        && let Err(error) = provider.force_flush()
    {
        tracing::warn!(%error, "spans may be lost");
    }
}

pub(super) fn inject(span: &Span, headers: &mut Headers) -> bool {
    let context = span.context();
    if !context.span().span_context().is_valid() {
        return false;
    }
    TraceContextPropagator::new().inject_context(&context, &mut Said(headers));
    true
}

pub(super) fn set_parent(span: &Span, parent: &str, state: Option<&str>) {
    let heard = Heard { parent, state };
    let context =
        TraceContextPropagator::new().extract_with_context(&opentelemetry::Context::new(), &heard);
    // It has no parent yet, and where it isn't exported it needs none.
    let _ = span.set_parent(context);
}

pub(super) fn trace_id(span: &Span) -> Option<String> {
    let context = span.context();
    let span = context.span();
    let known = span.span_context();
    known.is_valid().then(|| known.trace_id().to_string())
}

pub(super) fn moment(span: &Span, what: &'static str) {
    span.add_event(what, Vec::new());
}

/// Headers that are written.
struct Said<'a>(&'a mut Headers);

impl Injector for Said<'_> {
    fn set(&mut self, key: &str, value: String) {
        // An empty state says nothing.
        if !value.is_empty() {
            let _ = self.0.insert(key, value);
        }
    }
}

/// Headers that were read.
struct Heard<'a> {
    parent: &'a str,
    state: Option<&'a str>,
}

impl Extractor for Heard<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            name::TRACEPARENT => Some(self.parent),
            name::TRACESTATE => self.state,
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![name::TRACEPARENT, name::TRACESTATE]
    }
}
