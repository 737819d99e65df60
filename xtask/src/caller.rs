//! Calls by name with JSON: the runtime's own client, with descriptors in place of generated types.

use std::time::Duration;

use bodybroker_codegen::schema::model;
use bodybroker_runtime::spec::{Idempotency, Kind, MethodSpec, Policy, Sealed, SealedSides};
use bodybroker_runtime::subject::Subject;
use bodybroker_runtime::{Connection, Inbound, Outbound, Status};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor};

use crate::catalogue::{self, Catalogue, keep};
use crate::shown::Shown;

mod failure;
mod raw;

pub(crate) use failure::Failure;
use raw::Raw;

/// A client of every service.
#[derive(Debug)]
pub(crate) struct Caller {
    catalogue: Catalogue,
    connection: Connection,
    /// Whether sensitive fields are sealed and opened; if not, they are hidden.
    keys: bool,
}

/// A method, ready to be called.
#[derive(Debug)]
pub(crate) struct Method {
    spec: &'static MethodSpec,
    subject: model::Template,
    request: MessageDescriptor,
    response: MessageDescriptor,
    /// What isn't shown of a response.
    hide: Option<Sealed>,
}

/// Answers that come one after the other.
#[derive(Debug)]
pub(crate) struct Answers {
    frames: Inbound<Raw>,
    response: MessageDescriptor,
    hide: Option<Sealed>,
}

impl Caller {
    /// Calls over a connection. Where it has no keys, sensitive fields go out in the clear, and those that come aren't shown.
    pub(crate) fn new(catalogue: Catalogue, connection: Connection, keys: bool) -> Self {
        Self { catalogue, connection, keys }
    }

    /// Finds a method by its name.
    pub(crate) fn method(&self, name: &str) -> anyhow::Result<Method> {
        let (service, method) = self.catalogue.method(name)?;
        let [request, response] =
            [&method.request, &method.response].map(|message| self.catalogue.sealed(message));
        let (sealed, hide) = if self.keys {
            (SealedSides { request, response }, None)
        } else {
            (SealedSides::NONE, response)
        };
        Ok(Method {
            spec: spec(service, method, sealed),
            hide,
            subject: method.subject.clone(),
            request: self.catalogue.message(&method.request.full_name)?,
            response: self.catalogue.message(&method.response.full_name)?,
        })
    }

    /// Calls a method that answers once.
    pub(crate) async fn unary(
        &self,
        method: &Method,
        json: &str,
        timeout: Option<Duration>,
    ) -> anyhow::Result<Shown> {
        let request = catalogue::from_json(&method.request, json)?;
        let subject = method.subject(&request)?;
        let call =
            self.connection.call::<Raw, Raw>(method.spec, Raw(request.encode_to_vec())).at(subject);
        let call = match timeout {
            Some(timeout) => call.timeout(timeout),
            None => call,
        };
        // A key for the one call that this is, for the methods that take one.
        let call = match method.spec.idempotency {
            Idempotency::Keyed => call.idempotency_key(self.key()),
            Idempotency::None | Idempotency::NoSideEffects | Idempotency::Idempotent => call,
        };
        let answer = call.await.map_err(|status| self.failure(status))?;
        method.answer(&answer)
    }

    /// Calls a method that answers with a stream.
    pub(crate) async fn server_stream(
        &self,
        method: &Method,
        json: &str,
        timeout: Option<Duration>,
    ) -> anyhow::Result<Answers> {
        let request = catalogue::from_json(&method.request, json)?;
        let subject = method.subject(&request)?;
        let call = self
            .connection
            .server_stream::<Raw, Raw>(method.spec, Raw(request.encode_to_vec()))
            .at(subject);
        let call = match timeout {
            Some(timeout) => call.timeout(timeout),
            None => call,
        };
        let frames = call.await.map_err(|status| self.failure(status))?;
        Ok(Answers { frames, response: method.response.clone(), hide: method.hide })
    }

    /// Calls a method that takes a stream and answers once.
    pub(crate) async fn client_stream(
        &self,
        method: &Method,
        lines: Vec<String>,
    ) -> anyhow::Result<Shown> {
        let call = self.connection.client_stream::<Raw, Raw>(method.spec, method.requests(lines)?);
        let answer = call.await.map_err(|status| self.failure(status))?;
        method.answer(&answer)
    }

    /// Calls a method that takes a stream and answers with one.
    pub(crate) async fn bidirectional(
        &self,
        method: &Method,
        lines: Vec<String>,
    ) -> anyhow::Result<Answers> {
        let call = self.connection.bidirectional::<Raw, Raw>(method.spec, method.requests(lines)?);
        let frames = call.await.map_err(|status| self.failure(status))?;
        Ok(Answers { frames, response: method.response.clone(), hide: method.hide })
    }

    /// The next answer of a stream; `None` at its end.
    pub(crate) async fn next(&self, answers: &mut Answers) -> anyhow::Result<Option<Shown>> {
        let frame = answers.frames.message().await.map_err(|status| self.failure(status))?;
        frame.map(|frame| Shown::read(&answers.response, &frame.0, answers.hide)).transpose()
    }

    /// Says goodbye to the server.
    pub(crate) async fn close(&self) {
        self.connection.close().await;
    }

    fn failure(&self, status: Status) -> Failure {
        Failure::new(&self.catalogue, status)
    }

    fn key(&self) -> String {
        let now =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        format!("{}-{}", self.connection.id(), now.as_nanos())
    }
}

impl Method {
    /// Which sides stream.
    pub(crate) fn kind(&self) -> Kind {
        self.spec.kind
    }

    fn subject(&self, request: &DynamicMessage) -> anyhow::Result<Subject> {
        Ok(Subject::parse(&catalogue::subject_of(&self.subject, request)?)?)
    }

    fn requests(&self, lines: Vec<String>) -> anyhow::Result<Outbound<Raw>> {
        let read =
            |line: String| Ok(Raw(catalogue::from_json(&self.request, &line)?.encode_to_vec()));
        Ok(Outbound::iter(lines.into_iter().map(read).collect::<anyhow::Result<Vec<_>>>()?))
    }

    fn answer(&self, raw: &Raw) -> anyhow::Result<Shown> {
        Shown::read(&self.response, &raw.0, self.hide)
    }
}

/// What generated code would have as a static. Leaked: a command calls a handful of methods and ends.
fn spec(
    service: &model::Service,
    method: &model::Method,
    sealed: SealedSides,
) -> &'static MethodSpec {
    let filter = method.subject.pattern();
    Box::leak(Box::new(MethodSpec {
        service: keep(&service.full_name),
        service_subject: keep(&service.subject),
        name: keep(&method.name),
        subject: keep(&filter),
        queue_group: keep(&method.queue_group),
        kind: match method.kind {
            model::Kind::Unary => Kind::Unary,
            model::Kind::ServerStream => Kind::ServerStream,
            model::Kind::ClientStream => Kind::ClientStream,
            model::Kind::Bidirectional => Kind::Bidirectional,
        },
        timeout: method.timeout,
        idempotency: match method.idempotency {
            model::Idempotency::None => Idempotency::None,
            model::Idempotency::NoSideEffects => Idempotency::NoSideEffects,
            model::Idempotency::Idempotent => Idempotency::Idempotent,
            model::Idempotency::Keyed => Idempotency::Keyed,
        },
        max_in_flight: method.max_in_flight,
        adaptive: None,
        critical: method.critical,
        credit: method.credit,
        idle_timeout: method.idle_timeout,
        // Who calls by hand sees what one call comes to.
        policy: Policy::NONE,
        replay: None,
        request: keep(&method.request.full_name),
        response: keep(&method.response.full_name),
        sealed,
    }))
}
