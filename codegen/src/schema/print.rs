//! The model as people read it: one line a fact, indented below what it belongs to.

use std::fmt::{self, Display, Write as _};
use std::time::Duration;

use super::model::{
    self, Body, Bucket, Cache, Consume, DeclaredError, Earlier, Event, FieldPath, Index,
    IndexField, Invalidation, KeyField, KeyPart, Kind, Method, Model, Package, Policy, Redacted,
    Route, Sealed, SealedField, Service, Storage, Stream, Type,
};

/// Prints the whole model.
#[must_use]
pub fn print(model: &Model) -> String {
    let Model { packages, streams } = model;
    let mut page = Page::default();
    for it in packages {
        package(&mut page, it);
    }
    for it in streams {
        stream(&mut page, it);
    }
    page.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, depth: usize, text: fmt::Arguments<'_>) {
        // Writing to a string can't fail.
        let _ = writeln!(self.0, "{:1$}{text}", "", depth * 2);
    }

    /// A line that is left out where there is nothing to say.
    fn list(&mut self, depth: usize, name: &str, items: &[impl Display]) {
        if !items.is_empty() {
            let items: Vec<_> = items.iter().map(ToString::to_string).collect();
            self.line(depth, format_args!("{name} {}", items.join(", ")));
        }
    }
}

fn package(page: &mut Page, it: &Package) {
    let Package {
        name,
        modules,
        major,
        files,
        docs: _,
        dependencies,
        services,
        events,
        redacted: hidden,
        sealed,
    } = it;
    let major = major.map_or_else(|| "unversioned".to_owned(), |major| format!("major {major}"));
    page.line(0, format_args!("package {name} = {}, {major}", modules.join("::")));
    page.list(1, "files", files);
    page.list(1, "needs", dependencies);
    for it in services {
        service(page, it);
    }
    for it in events {
        event(page, it);
    }
    for it in hidden {
        redacted(page, it);
    }
    for it in sealed {
        self::sealed(page, it, sealed);
    }
    page.0.push('\n');
}

fn service(page: &mut Page, it: &Service) {
    let Service {
        name,
        full_name: _,
        stem,
        docs: _,
        deprecated,
        subject,
        queue_group,
        version,
        schema_hash,
        methods,
        consumes,
        buckets,
        calls,
    } = it;
    let mark = mark(*deprecated);
    page.line(1, format_args!("service {name} = {stem}, {version}, schema {schema_hash}{mark}"));
    page.line(2, format_args!("at {subject}, queue group {queue_group}"));
    page.list(2, "calls", calls);
    for it in methods {
        method(page, it);
    }
    for Consume { ident, durable, event } in consumes {
        let event = &event.message.full_name;
        page.line(2, format_args!("consumes {event} = {ident}, durable {durable}"));
    }
    for it in buckets {
        bucket(page, it);
    }
}

fn method(page: &mut Page, it: &Method) {
    let Method {
        name,
        full_name: _,
        ident,
        docs: _,
        deprecated,
        kind,
        subject,
        queue_group,
        timeout,
        idempotency,
        max_in_flight,
        adaptive,
        critical,
        credit,
        idle_timeout,
        policy: calling,
        idempotency_ttl,
        cache: kept,
        request,
        response,
        errors,
        error_ident,
        routes,
    } = it;
    let (wide, far) = match kind {
        Kind::Unary => ("", ""),
        Kind::ServerStream => ("", "stream "),
        Kind::ClientStream => ("stream ", ""),
        Kind::Bidirectional => ("stream ", "stream "),
    };
    let (request, response, mark) = (path(request), path(response), mark(*deprecated));
    page.line(2, format_args!("method {name} = {ident}({wide}{request}) -> {far}{response}{mark}"));
    page.line(3, format_args!("at {}, queue group {queue_group}", subject.text));
    page.line(
        3,
        format_args!("timeout {timeout:?}, idempotency {idempotency:?}, in flight {max_in_flight}"),
    );
    if let Some(model::Adaptive { min_limit, tolerance_percent }) = adaptive {
        page.line(
            3,
            format_args!("in flight at least {min_limit}, fewer when {tolerance_percent} % slower"),
        );
    }
    if *critical {
        page.line(3, format_args!("critical"));
    }
    if *kind != Kind::Unary {
        page.line(3, format_args!("credit {credit}, idle timeout {idle_timeout:?}"));
    }
    if let Some(ident) = error_ident {
        page.line(3, format_args!("errors are {ident}"));
    }
    for DeclaredError { name, full_name: _, docs: _, details } in errors {
        let details =
            details.as_ref().map_or_else(String::new, |it| format!(", with {}", path(it)));
        page.line(3, format_args!("error {name}{details}"));
    }
    policy(page, calling);
    if let Some(ttl) = idempotency_ttl {
        page.line(3, format_args!("keeps answers to keys for {ttl:?}"));
    }
    if let Some(it) = kept {
        cache(page, it);
    }
    for it in routes {
        route(page, it);
    }
}

fn policy(page: &mut Page, it: &Policy) {
    let Policy { retry, breaker, hedge } = it;
    if let Some(retry) = retry {
        let model::Retry { max_attempts, initial_backoff, max_backoff, attempt_timeout } = retry;
        let each = attempt_timeout.map_or_else(String::new, |each| format!(", {each:?} each"));
        page.line(
            3,
            format_args!(
                "{max_attempts} attempts, backoff {initial_backoff:?} to {max_backoff:?}{each}"
            ),
        );
    }
    if let Some(breaker) = breaker {
        let model::Breaker {
            window,
            min_calls,
            failure_percent,
            slow_call,
            slow_percent,
            open,
            probes,
        } = breaker;
        let slow = slow_call
            .map_or_else(String::new, |slow| format!(" or {slow_percent} % over {slow:?}"));
        page.line(
            3,
            format_args!(
                "opens for {open:?} at {failure_percent} % failures{slow} of {min_calls} calls in {window:?}, {probes} probes"
            ),
        );
    }
    if let Some(model::Hedge { delay, max_attempts }) = hedge {
        page.line(3, format_args!("another call after {delay:?}, up to {max_attempts}"));
    }
}

fn cache(page: &mut Page, it: &Cache) {
    let Cache { key, local_ttl, shared_ttl, negative_ttl, stale_ttl, invalidated_by } = it;
    let key: String = key
        .iter()
        .map(|part| match part {
            KeyPart::Literal(text) => text.clone(),
            KeyPart::Field(KeyField { number, name, scalar }) => {
                format!("{{{name}: {scalar} = {number}}}")
            }
        })
        .collect();
    let time = |what: &str, ttl: &Option<Duration>| {
        ttl.map_or_else(String::new, |ttl| format!(", {what} {ttl:?}"))
    };
    let (shared, negative) = (time("shared", shared_ttl), time("negative", negative_ttl));
    let stale = time("stale", stale_ttl);
    page.line(3, format_args!("kept as {key} for {local_ttl:?}{shared}{negative}{stale}"));
    for Invalidation { filter, stream, tokens } in invalidated_by {
        page.line(3, format_args!("until {filter} of {stream}, key in {tokens:?}"));
    }
}

fn route(page: &mut Page, it: &Route) {
    let Route { method, path, body, response_body } = it;
    let body = match body {
        Body::None => String::new(),
        Body::Rest => ", body *".to_owned(),
        Body::Field(field) => format!(", body {}", field.text),
    };
    let answer = response_body.as_ref();
    let answer = answer.map_or_else(String::new, |field| format!(", answers {}", field.text));
    page.line(3, format_args!("route {method} {}{body}{answer}", path.text));
    for variable in &path.variables {
        let (field, scalar) = (&variable.field, &variable.scalar);
        let (text, numbers, segments) = (&field.text, &field.numbers, &variable.segments);
        page.line(4, format_args!("{text} {numbers:?} is {scalar:?} in {segments:?}"));
    }
}

fn event(page: &mut Page, it: &Event) {
    let Event { message, docs: _, deprecated, ident, subject, stream, bucket } = it;
    let mark = mark(*deprecated);
    page.line(1, format_args!("event {} = {ident}{mark}", path(message)));
    let from = bucket.as_ref().map_or_else(String::new, |bucket| format!(", from bucket {bucket}"));
    page.line(2, format_args!("at {}, stream {stream}{from}", subject.text));
}

fn bucket(page: &mut Page, it: &Bucket) {
    let Bucket {
        name,
        ident,
        value,
        indexes,
        store_ident,
        history,
        ttl,
        storage,
        replicas,
        version,
        writes,
        earlier,
        steps_ident,
        keeps_answers: _,
    } = it;
    let kept = kept(*storage, *replicas, *ttl);
    page.line(
        2,
        format_args!("bucket {name} = {ident} of {}, history {history}, {kept}", path(value)),
    );
    if *version > 1 {
        page.line(3, format_args!("version {version}, written in {writes}"));
    }
    for Earlier { version, value } in earlier {
        page.line(3, format_args!("version {version} of {}", path(value)));
    }
    if let Some(ident) = steps_ident {
        page.line(3, format_args!("steps = {ident}"));
    }
    if let Some(store) = store_ident {
        page.line(3, format_args!("store {store}"));
    }
    for it in indexes {
        index(page, it);
    }
}

fn index(page: &mut Page, it: &Index) {
    let Index { name, fields, unique } = it;
    let fields = fields.iter().map(|it| {
        let IndexField { field, ident, scalar, enumeration, occurs } = it;
        let FieldPath { text, numbers } = field;
        let scalar = enumeration.as_ref().map_or_else(|| (*scalar).to_owned(), path);
        format!("{text} {numbers:?} = {ident}: {occurs:?} {scalar}")
    });
    let fields = fields.collect::<Vec<_>>().join(", ");
    let unique = if *unique { "unique " } else { "" };
    page.line(3, format_args!("{unique}index {name}: {fields}"));
}

fn sealed(page: &mut Page, it: &Sealed, all: &[Sealed]) {
    let Sealed { full_name, ident, fields } = it;
    let ident = ident.as_ref().map_or_else(String::new, |ident| format!(" = {ident}"));
    let fields = fields.iter().map(|SealedField { number, name, inside }| {
        let inside = inside.map_or_else(String::new, |at| format!(" in {}", all[at].full_name));
        format!("{number} {name}{inside}")
    });
    let fields: Vec<_> = fields.collect();
    page.line(1, format_args!("sealed {full_name}{ident}: {}", fields.join(", ")));
}

fn redacted(page: &mut Page, it: &Redacted) {
    let Redacted { message, fields, secrets: _ } = it;
    let secret = fields.iter().filter(|(_, secret)| *secret).map(|(ident, _)| ident.as_str());
    let secret: Vec<_> = secret.collect();
    page.line(1, format_args!("secret in {}: {}", path(message), secret.join(", ")));
}

fn stream(page: &mut Page, it: &Stream) {
    let Stream {
        name,
        subjects,
        max_age,
        storage,
        replicas,
        duplicate_window,
        max_bytes,
        package,
        sources,
    } = it;
    page.line(0, format_args!("stream {name} of {package}"));
    page.list(1, "captures", subjects);
    let kept = kept(*storage, *replicas, Some(*max_age));
    let bytes = max_bytes.map_or_else(String::new, |bytes| format!(", at most {bytes} bytes"));
    page.line(1, format_args!("{kept}, duplicate window {duplicate_window:?}{bytes}"));
    for source in sources {
        page.line(1, format_args!("bucket {} as {}", source.bucket, source.destination));
    }
}

fn kept(storage: Storage, replicas: u32, age: Option<Duration>) -> String {
    let age = age.map_or_else(|| "for ever".to_owned(), |age| format!("for {age:?}"));
    format!("{storage} {age}, copies {replicas}")
}

fn path(it: &Type) -> String {
    format!("{}::{}", it.package, it.path.join("::"))
}

fn mark(deprecated: bool) -> &'static str {
    if deprecated { ", deprecated" } else { "" }
}
