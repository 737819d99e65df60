//! Service discovery on the wire: what runs, what it offers, how it does (NATS ADR-32).
//!
//! Every instance answers `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS`, to all, to its name, and to its name and id. The
//! `nats` command line and the clients of other languages understand the answers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Serialize;

use crate::server::Membership;
use crate::spec::{Kind, MethodSpec, ServiceSpec};
use crate::subject::{Filter, Subject};

mod stats;

pub use stats::MethodStats;

/// One running instance of a service, as discovery shows it.
#[derive(Debug)]
pub struct Discovery {
    identity: Identity,
    description: &'static str,
    methods: &'static [MethodSpec],
    started: String,
    stats: Box<[MethodStats]>,
}

/// Metadata of an instance that takes no requests, or is about to take none.
pub(crate) const MEMBERSHIP: &str = "membership";
/// Metadata of an instance that is about to end.
pub(crate) const ENDING: &str = "ending";

/// What every answer begins with.
#[derive(Debug, Clone, Serialize)]
struct Identity {
    name: String,
    id: String,
    version: &'static str,
    metadata: BTreeMap<&'static str, &'static str>,
}

impl Discovery {
    /// Describes an instance that starts now. The id is unique to the instance and one token.
    #[must_use]
    pub fn new(spec: &'static ServiceSpec, id: &str) -> Self {
        let metadata = BTreeMap::from([
            ("proto", spec.name),
            ("schema", spec.schema_hash),
            ("subject", spec.subject),
            ("runtime", env!("CARGO_PKG_VERSION")),
        ]);
        Self {
            identity: Identity {
                name: short_name(spec.name).to_owned(),
                id: id.to_owned(),
                version: spec.version,
                metadata,
            },
            description: spec.description,
            methods: spec.methods,
            started: prost_types::Timestamp::from(SystemTime::now()).to_string(),
            stats: spec.methods.iter().map(|_| MethodStats::default()).collect(),
        }
    }

    /// The counters of one method, by its index in the spec.
    #[must_use]
    pub fn stats(&self, method: usize) -> &MethodStats {
        &self.stats[method]
    }

    /// What to subscribe to, without a queue group: every instance answers.
    #[must_use]
    pub fn filters(&self) -> Vec<Filter> {
        let Identity { name, id, .. } = &self.identity;
        Verb::ALL
            .iter()
            .flat_map(|verb| {
                let verb = verb.token();
                [
                    format!("$SRV.{verb}"),
                    format!("$SRV.{verb}.{name}"),
                    format!("$SRV.{verb}.{name}.{id}"),
                ]
            })
            .filter_map(|text| Filter::parse(&text).ok())
            .collect()
    }

    /// Asks every instance of the service to tell who it is.
    pub(crate) fn ping(&self) -> Subject {
        Subject::checked(format!("$SRV.{}.{}", Verb::Ping.token(), self.identity.name))
    }

    /// The answer to a discovery subject; `None` for a verb nobody knows. Who takes no requests says so.
    #[must_use]
    pub fn answer(&self, subject: &str, membership: Membership) -> Option<Vec<u8>> {
        let verb = Verb::of(subject)?;
        let mut identity = Cow::Borrowed(&self.identity);
        if membership != Membership::Joined {
            identity.to_mut().metadata.insert(MEMBERSHIP, membership.token());
        }
        if membership == Membership::Ending {
            identity.to_mut().metadata.insert(ENDING, "true");
        }
        let identity = &*identity;
        let answer = match verb {
            Verb::Ping => serde_json::to_vec(&Ping { identity, kind: verb.answer_type() }),
            Verb::Info => serde_json::to_vec(&Info {
                identity,
                kind: verb.answer_type(),
                description: self.description,
                endpoints: self.methods.iter().map(EndpointInfo::of).collect(),
            }),
            Verb::Stats => serde_json::to_vec(&Stats {
                identity,
                kind: verb.answer_type(),
                started: &self.started,
                endpoints: self.methods.iter().zip(&self.stats).map(EndpointStats::of).collect(),
            }),
        };
        answer.ok()
    }
}

/// What can be asked.
#[derive(Debug, Clone, Copy)]
enum Verb {
    Ping,
    Info,
    Stats,
}

impl Verb {
    const ALL: &[Self] = &[Self::Ping, Self::Info, Self::Stats];

    fn of(subject: &str) -> Option<Self> {
        let asked = subject.strip_prefix("$SRV.")?.split('.').next()?;
        Self::ALL.iter().copied().find(|verb| verb.token() == asked)
    }

    fn token(self) -> &'static str {
        match self {
            Self::Ping => "PING",
            Self::Info => "INFO",
            Self::Stats => "STATS",
        }
    }

    fn answer_type(self) -> &'static str {
        match self {
            Self::Ping => "io.nats.micro.v1.ping_response",
            Self::Info => "io.nats.micro.v1.info_response",
            Self::Stats => "io.nats.micro.v1.stats_response",
        }
    }
}

#[derive(Serialize)]
struct Ping<'a> {
    #[serde(flatten)]
    identity: &'a Identity,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Info<'a> {
    #[serde(flatten)]
    identity: &'a Identity,
    #[serde(rename = "type")]
    kind: &'static str,
    description: &'static str,
    endpoints: Vec<EndpointInfo>,
}

#[derive(Serialize)]
struct EndpointInfo {
    name: &'static str,
    subject: &'static str,
    queue_group: &'static str,
    metadata: BTreeMap<&'static str, String>,
}

impl EndpointInfo {
    fn of(method: &MethodSpec) -> Self {
        let metadata = BTreeMap::from([
            ("kind", kind(method.kind).to_owned()),
            ("request", method.request.to_owned()),
            ("response", method.response.to_owned()),
            ("timeout_ms", method.timeout.as_millis().to_string()),
        ]);
        Self {
            name: method.name,
            subject: method.subject,
            queue_group: method.queue_group,
            metadata,
        }
    }
}

#[derive(Serialize)]
struct Stats<'a> {
    #[serde(flatten)]
    identity: &'a Identity,
    #[serde(rename = "type")]
    kind: &'static str,
    started: &'a str,
    endpoints: Vec<EndpointStats>,
}

#[derive(Serialize)]
struct EndpointStats {
    name: &'static str,
    subject: &'static str,
    queue_group: &'static str,
    num_requests: u64,
    num_errors: u64,
    last_error: String,
    /// Nanoseconds, as are all times here.
    processing_time: u64,
    average_processing_time: u64,
}

impl EndpointStats {
    fn of((method, stats): (&MethodSpec, &MethodStats)) -> Self {
        let snapshot = stats.snapshot();
        Self {
            name: method.name,
            subject: method.subject,
            queue_group: method.queue_group,
            num_requests: snapshot.requests,
            num_errors: snapshot.errors,
            last_error: snapshot.last_error,
            processing_time: snapshot.nanoseconds,
            average_processing_time: snapshot.nanoseconds / snapshot.requests.max(1),
        }
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Unary => "unary",
        Kind::ServerStream => "server_stream",
        Kind::ClientStream => "client_stream",
        Kind::Bidirectional => "bidirectional",
    }
}

fn short_name(full: &str) -> &str {
    full.rsplit('.').next().unwrap_or(full)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::spec::example::FEED;
    use crate::status::Status;

    static SPEC: ServiceSpec = ServiceSpec {
        name: "acme.zoo.v1.ZooService",
        description: "Keeps animals.",
        subject: "svc.zoo.v1",
        queue_group: "q.zoo",
        version: "1.2.0",
        schema_hash: "0123456789abcdef",
        methods: &[FEED],
        publishes: &[],
        consumes: &[],
        buckets: &[],
        calls: &[],
    };

    fn answer(discovery: &Discovery, subject: &str) -> serde_json::Value {
        serde_json::from_slice(&discovery.answer(subject, Membership::Joined).expect("a verb"))
            .expect("JSON")
    }

    #[test]
    fn an_instance_answers_to_all_to_its_name_and_to_its_id() {
        let filters = Discovery::new(&SPEC, "i1").filters();
        for subject in ["$SRV.PING", "$SRV.INFO.ZooService", "$SRV.STATS.ZooService.i1"] {
            assert_eq!(
                filters.iter().filter(|filter| filter.matches(subject)).count(),
                1,
                "{subject}"
            );
        }
        assert!(!filters.iter().any(|filter| filter.matches("$SRV.PING.Other")));
    }

    #[test]
    fn stats_count_requests_and_errors() {
        let discovery = Discovery::new(&SPEC, "i1");
        discovery.stats(0).succeeded(Duration::from_nanos(300));
        discovery.stats(0).failed(Duration::from_nanos(100), &Status::not_found("no such animal"));
        let endpoint = &answer(&discovery, "$SRV.STATS")["endpoints"][0];
        assert_eq!(endpoint["num_requests"], 2);
        assert_eq!(endpoint["num_errors"], 1);
        assert_eq!(endpoint["last_error"], "404:no such animal");
        assert_eq!(endpoint["average_processing_time"], 200);
    }

    #[test]
    fn info_names_the_schema() {
        let info = answer(&Discovery::new(&SPEC, "i1"), "$SRV.INFO.ZooService");
        assert_eq!(info["type"], "io.nats.micro.v1.info_response");
        assert_eq!(info["metadata"]["schema"], "0123456789abcdef");
        assert_eq!(info["endpoints"][0]["subject"], "svc.zoo.v1.feed");
        assert_eq!(info["endpoints"][0]["queue_group"], "q.zoo");
    }

    #[test]
    fn a_verb_nobody_knows_has_no_answer() {
        assert_eq!(Discovery::new(&SPEC, "i1").answer("$SRV.EXPLODE", Membership::Joined), None);
    }
}
