use heck::{ToKebabCase as _, ToSnakeCase as _, ToUpperCamelCase as _};
use prost_reflect::prost_types::method_options::IdempotencyLevel;

use super::cache::cache;
use super::policy::{adaptive, policy};
use super::subject::template;
use super::types::resolve;
use super::{
    CREDIT, IDLE_TIMEOUT, MAX_IN_FLIGHT, TIMEOUT, events, indexes, inherited, routes, storage,
};
use crate::schema::model::{
    ANSWERS, Bucket, DeclaredError, Earlier, Idempotency, Kind, Method, Service, Storage, Type,
};
use crate::schema::survey::{File, Method as WrittenMethod, Service as Written, Survey};
use crate::schema::{duration, hash, ident, option};

/// Copies of answers: losing one could have an effect happen twice.
const ANSWERS_REPLICAS: u32 = 3;

/// The package that a service belongs to.
pub(super) struct Owner<'a> {
    pub(super) package: &'a str,
    pub(super) short: &'a str,
    pub(super) major: Option<u32>,
}

/// Resolves a service.
pub(super) fn service(
    survey: &Survey,
    owner: &Owner<'_>,
    file: &File,
    written: &Written,
) -> Service {
    let option::Service { subject, queue_group, version, calls, consumes, buckets, .. } =
        &written.options;
    let mut calls: Vec<_> =
        calls.iter().map(|name| name.trim_start_matches('.').to_owned()).collect();
    calls.sort();
    calls.dedup();
    let consume = |name: &String| events::consume(survey, owner.package, owner.short, name);
    let mut service = Service {
        name: ident::camel(&written.name),
        full_name: written.full_name.clone(),
        stem: stem(&written.name),
        docs: written.docs.clone(),
        deprecated: written.deprecated,
        subject: subject.clone(),
        queue_group: queue_group.clone(),
        version: version.clone().unwrap_or_else(|| format!("{}.0.0", owner.major.unwrap_or(0))),
        schema_hash: String::new(),
        methods: written.methods.iter().map(|it| method(survey, file, written, it)).collect(),
        consumes: consumes.iter().filter_map(consume).collect(),
        buckets: buckets.iter().map(|it| bucket(survey, owner.package, it)).collect(),
        calls,
    };
    service.buckets.extend(answers(&service));
    service.schema_hash = hash::hash(survey, &service);
    service
}

/// The bucket where a service keeps its answers to idempotency keys. No schema knows the message: it is the runtime's.
fn answers(service: &Service) -> Option<Bucket> {
    let ttl = service.methods.iter().filter_map(|method| method.idempotency_ttl).max()?;
    let value = "runtime.v1.KeptAnswer".to_owned();
    Some(Bucket {
        name: format!("answers-{}", service.subject.replace('.', "-")),
        ident: ANSWERS.to_owned(),
        value: Type { full_name: value, package: String::new(), path: Vec::new() },
        indexes: Vec::new(),
        store_ident: None,
        history: 1,
        ttl: Some(ttl),
        storage: Storage::File,
        replicas: ANSWERS_REPLICAS,
        version: 1,
        writes: 1,
        earlier: Vec::new(),
        steps_ident: None,
        keeps_answers: true,
    })
}

/// A service's name without `Service`, which is what its client and server are called after.
fn stem(name: &str) -> String {
    let name = ident::camel(name);
    name.strip_suffix("Service").filter(|stem| !stem.is_empty()).unwrap_or(&name).to_owned()
}

fn method(survey: &Survey, file: &File, service: &Written, written: &WrittenMethod) -> Method {
    let option::Method {
        operation,
        queue_group,
        timeout,
        idempotency: _,
        max_in_flight,
        critical,
        credit,
        idle_timeout,
        errors,
        idempotency_ttl,
        ..
    } = &written.options;
    let (outer, outermost) = (&service.options, &file.options);
    let operation = operation.clone().unwrap_or_else(|| written.name.to_kebab_case());
    let subject = format!("{}.{operation}", outer.subject);
    let max_in_flight = max_in_flight.or(outer.max_in_flight).or(outermost.max_in_flight);
    let max_in_flight = max_in_flight.unwrap_or(MAX_IN_FLIGHT);
    Method {
        name: written.name.clone(),
        full_name: written.full_name.clone(),
        ident: ident::snake(&written.name),
        docs: written.docs.clone(),
        deprecated: written.deprecated,
        kind: kind(written),
        subject: template(&subject, survey.messages.get(&written.request)),
        queue_group: queue_group.clone().unwrap_or_else(|| outer.queue_group.clone()),
        timeout: inherited(
            [timeout.as_ref(), outer.timeout.as_ref(), outermost.timeout.as_ref()],
            TIMEOUT,
        ),
        idempotency: idempotency(written),
        max_in_flight,
        adaptive: adaptive(kind(written), max_in_flight, &written.options, outer, outermost),
        critical: *critical,
        credit: credit.or(outer.credit).or(outermost.credit).unwrap_or(CREDIT),
        idle_timeout: inherited(
            [idle_timeout.as_ref(), outer.idle_timeout.as_ref(), outermost.idle_timeout.as_ref()],
            IDLE_TIMEOUT,
        ),
        policy: policy(kind(written), &written.options, outer, outermost),
        idempotency_ttl: idempotency_ttl.as_deref().and_then(duration::parse),
        cache: cache(survey, file, kind(written), written),
        request: resolve(survey, &written.request),
        response: resolve(survey, &written.response),
        errors: errors.iter().map(|name| error(survey, &file.package, name)).collect(),
        error_ident: (!errors.is_empty()).then(|| ident::camel(&format!("{}Error", written.name))),
        routes: routes::routes(survey, written),
    }
}

fn error(survey: &Survey, package: &str, name: &str) -> DeclaredError {
    let full_name = format!("{package}.{name}");
    let details = survey.messages.get(&full_name);
    DeclaredError {
        name: name.to_owned(),
        docs: details.map_or_else(String::new, |message| message.docs.clone()),
        full_name,
        details: details.map(|message| resolve(survey, &message.full_name)),
    }
}

fn kind(written: &WrittenMethod) -> Kind {
    match (written.client_streaming, written.server_streaming) {
        (false, false) => Kind::Unary,
        (false, true) => Kind::ServerStream,
        (true, false) => Kind::ClientStream,
        (true, true) => Kind::Bidirectional,
    }
}

fn idempotency(written: &WrittenMethod) -> Idempotency {
    if written.options.idempotency == option::KEYED {
        return Idempotency::Keyed;
    }
    match written.level {
        IdempotencyLevel::IdempotencyUnknown => Idempotency::None,
        IdempotencyLevel::NoSideEffects => Idempotency::NoSideEffects,
        IdempotencyLevel::Idempotent => Idempotency::Idempotent,
    }
}

fn bucket(survey: &Survey, package: &str, written: &option::Bucket) -> Bucket {
    let option::Bucket {
        name,
        value,
        history,
        ttl,
        storage: kept,
        replicas,
        indexes: _,
        version,
        earlier,
        writes,
    } = written;
    let message = |name: &str| {
        let found = survey.find_message(package, name);
        resolve(survey, found.map_or(name, |it| &it.full_name))
    };
    let version = version.unwrap_or(1);
    let steps = format!("{}Steps", name.to_upper_camel_case());
    Bucket {
        name: name.clone(),
        ident: name.to_snake_case(),
        value: message(value),
        indexes: indexes::indexes(survey, survey.find_message(package, value), written),
        store_ident: indexes::store_ident(written),
        history: history.unwrap_or(1),
        ttl: ttl.as_deref().and_then(duration::parse),
        storage: storage(*kept),
        replicas: replicas.unwrap_or(1),
        version,
        writes: writes.unwrap_or(version),
        earlier: earlier
            .iter()
            .map(|it| Earlier { version: it.version, value: message(&it.value) })
            .collect(),
        steps_ident: (!earlier.is_empty()).then_some(steps),
        keeps_answers: false,
    }
}
