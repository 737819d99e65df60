//! Setting streams up.

use std::time::Duration;

use tokio::sync::Mutex;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{CreateStreamErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, Info, PersistenceMode, Source, StorageType, SubjectTransform,
};

use super::super::config::{EVENT_BACKLOG, bucket_stream, bucket_subject, covered};
use super::super::{
    Destruction, Limits, Plan, Provisioned, Safety, StreamConfig, StreamSource, TakenOver, missing,
    plan,
};
use super::link::Link;
use super::wire;
use crate::spec::Storage;
use crate::status::{Code, Result, Status};

/// What it would take to make a stream what the configuration says.
pub(super) async fn plan(link: &Link, config: &StreamConfig) -> Result<Plan> {
    link.ready().await?;
    let live = live(link, &config.name).await?;
    Ok(live.map_or(Plan::Create, |live| compare(&live, &besides(&live, config))))
}

/// Makes a stream what the configuration says.
pub(super) async fn migrate(
    link: &Link,
    config: &StreamConfig,
    destruction: Destruction,
) -> Result<Provisioned> {
    link.ready().await?;
    let Some(live) = live(link, &config.name).await? else {
        let made = link.context.create_stream(wanted(config)).await;
        made.map_err(|e| failure(&config.name, &e.kind()))?;
        return Ok(Provisioned::Created);
    };
    let config = besides(&live, config);
    let plan = compare(&live, &config);
    plan.permit(&config.name, destruction)?;
    if let Plan::Change(_) = plan {
        let updated = link.context.update_stream(update(live.config, wanted(&config))).await;
        updated.map_err(|e| failure(&config.name, &e.kind()))?;
    }
    Ok(plan.done())
}

/// Makes a stream that is missing, or adds what it lacks of subjects and sources. Takes nothing away.
pub(super) async fn extend(link: &Link, config: &StreamConfig) -> Result<()> {
    /// Reading a configuration and writing it back is no single step.
    static EXTENDING: Mutex<()> = Mutex::const_new(());
    let _one_at_a_time = EXTENDING.lock().await;
    link.ready().await?;
    for source in &config.sources {
        let stream = config.name.clone();
        let taken_over = TakenOver { stream, destination: source.destination.clone() };
        mark(link, &source.bucket, &taken_over).await?;
    }
    add(link, config).await
}

async fn add(link: &Link, config: &StreamConfig) -> Result<()> {
    let Some(live) = live(link, &config.name).await? else {
        let wanted = wanted(config);
        let made = link.context.create_stream(wanted).await;
        return match made.map_err(|e| e.kind()) {
            Err(CreateStreamErrorKind::JetStream(answer))
                if answer.error_code() == ErrorCode::STREAM_NAME_EXIST =>
            {
                // Somebody else was faster, perhaps with other subjects.
                Box::pin(add(link, config)).await
            }
            Err(kind) => Err(failure(&config.name, &kind)),
            Ok(_) => Ok(()),
        };
    };
    let mut update = live.config;
    let mut changed = false;
    for subject in &config.subjects {
        if !covered(&update.subjects, subject) {
            update.subjects.push(subject.clone());
            changed = true;
        }
    }
    for wanted in &config.sources {
        let wanted = source(&wanted.bucket, &wanted.destination);
        let sources = update.sources.get_or_insert_default();
        if !sources.iter().any(|have| have.name == wanted.name) {
            sources.push(wanted);
            changed = true;
        }
    }
    if config.batches && !(update.allow_atomic_publish && update.allow_message_ttl) {
        (update.allow_atomic_publish, update.allow_message_ttl) = (true, true);
        changed = true;
    }
    if changed {
        let updated = link.context.update_stream(update).await;
        updated.map_err(|e| failure(&config.name, &e.kind()))?;
    }
    Ok(())
}

async fn live(link: &Link, name: &str) -> Result<Option<Info>> {
    match link.context.get_stream(name).await {
        Ok(stream) => Ok(Some(stream.cached_info().clone())),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(answer)
                if answer.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                Ok(None)
            }
            GetStreamErrorKind::JetStream(answer) => Err(wire::refused(name, &answer)),
            GetStreamErrorKind::Request => Err(wire::nobody(name)),
            kind @ (GetStreamErrorKind::EmptyName | GetStreamErrorKind::InvalidStreamName) => {
                Err(Status::invalid_argument(format!("`{name}` is not a stream's name: {kind}")))
            }
        },
    }
}

fn failure(name: &str, kind: &CreateStreamErrorKind) -> Status {
    match kind {
        CreateStreamErrorKind::JetStream(answer) => wire::refused(name, answer),
        other => Status::unavailable(format!("stream {name}: {other}")),
    }
}

fn wanted(config: &StreamConfig) -> Config {
    let StreamConfig {
        name,
        subjects,
        max_age,
        storage,
        replicas,
        duplicate_window,
        limits: Limits { bytes, messages_per_subject },
        sources,
        bucket,
        batches,
        taken_over,
    } = config;
    let sources: Vec<_> = sources.iter().map(|s| source(&s.bucket, &s.destination)).collect();
    Config {
        name: name.clone(),
        subjects: subjects.clone(),
        max_age: max_age.unwrap_or_default(),
        storage: match storage {
            Storage::File => StorageType::File,
            Storage::Memory => StorageType::Memory,
        },
        num_replicas: *replicas as usize,
        duplicate_window: *duplicate_window,
        max_bytes: bytes.map_or(-1, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
        max_messages: -1,
        max_messages_per_subject: messages_per_subject.map_or(-1, i64::from),
        max_message_size: -1,
        max_consumers: -1,
        sources: Some(sources).filter(|sources| !sources.is_empty()),
        metadata: taken_over.iter().flat_map(note).collect(),
        allow_atomic_publish: *batches,
        allow_message_ttl: *batches,
        ..with_rules(*bucket)
    }
}

/// Metadata of a bucket's stream: where its writes become events.
const EVENT_STREAM: &str = "bodybroker-event-stream";
const EVENT_SUBJECT: &str = "bodybroker-event-subject";

fn note(taken_over: &TakenOver) -> [(String, String); 2] {
    let TakenOver { stream, destination } = taken_over;
    [(EVENT_STREAM.to_owned(), stream.clone()), (EVENT_SUBJECT.to_owned(), destination.clone())]
}

/// How safely a stream keeps what it is given, if it is there.
pub(super) async fn safety(link: &Link, name: &str) -> Result<Option<Safety>> {
    link.ready().await?;
    let Some(Info { config, .. }) = live(link, name).await? else { return Ok(None) };
    Ok(Some(Safety {
        storage: storage(config.storage),
        replicas: replicas(&config),
        written: config.persist_mode != Some(PersistenceMode::Async),
    }))
}

fn storage(live: StorageType) -> Storage {
    match live {
        StorageType::File => Storage::File,
        StorageType::Memory => Storage::Memory,
    }
}

fn replicas(live: &Config) -> u32 {
    u32::try_from(live.num_replicas).unwrap_or(u32::MAX)
}

/// Which stream takes the writes of a bucket's stream over. One that is there and has no such source does so no more.
pub(super) async fn taken_over(link: &Link, name: &str) -> Result<Option<TakenOver>> {
    let Some(taken_over) = asked(link, name).await?.and_then(|live| noted(&live.config)) else {
        return Ok(None);
    };
    let takes = match asked(link, &taken_over.stream).await {
        Ok(live) => {
            let is_source =
                |live: Info| live.config.sources.iter().flatten().any(|it| it.name == name);
            live.is_none_or(is_source)
        }
        Err(status) if status.code() == Code::PermissionDenied => true,
        Err(status) => return Err(status),
    };
    Ok(takes.then_some(taken_over))
}

/// How long ago a stream has heard of a source, and had nothing left to take over.
pub(super) async fn heard_all(link: &Link, name: &str, source: &str) -> Result<Option<Duration>> {
    let Some(live) = asked(link, name).await? else { return Ok(None) };
    let source = live.sources.into_iter().find(|it| it.name == source);
    Ok(source.filter(|it| it.lag == 0).and_then(|it| it.active))
}

/// What a stream is, if the server lets us know.
async fn asked(link: &Link, name: &str) -> Result<Option<Info>> {
    let state = link.ready().await?;
    link.exchange(state, &format!("$JS.API.STREAM.INFO.{name}"), live(link, name)).await?
}

fn noted(live: &Config) -> Option<TakenOver> {
    let noted = |key: &str| live.metadata.get(key).cloned();
    Some(TakenOver { stream: noted(EVENT_STREAM)?, destination: noted(EVENT_SUBJECT)? })
}

/// Notes at a bucket, if it is there, that a stream takes its writes over.
async fn mark(link: &Link, bucket: &str, taken_over: &TakenOver) -> Result<()> {
    let Some(live) = live(link, &bucket_stream(bucket)).await? else { return Ok(()) };
    let mut update = live.config;
    let backlog = i64::from(EVENT_BACKLOG);
    let marked = note(taken_over).iter().all(|(key, text)| update.metadata.get(key) == Some(text));
    if marked && update.max_messages_per_subject >= backlog {
        return Ok(());
    }
    update.max_messages_per_subject = update.max_messages_per_subject.max(backlog);
    update.metadata.extend(note(taken_over));
    let name = update.name.clone();
    link.context.update_stream(update).await.map_err(|e| failure(&name, &e.kind()))?;
    Ok(())
}

/// The writes of a bucket under the event's subject.
fn source(bucket: &str, destination: &str) -> Source {
    let holes = destination.matches("{{wildcard(").count().max(1);
    let key = vec!["*"; holes].join(".");
    let transform = SubjectTransform {
        source: format!("{}.{key}", bucket_subject(bucket)),
        destination: destination.to_owned(),
    };
    Source { name: bucket_stream(bucket), subject_transforms: vec![transform], ..Source::default() }
}

/// The configuration, with the backlog of a bucket whose writes a stream takes over that isn't being provisioned now.
fn besides(live: &Info, config: &StreamConfig) -> StreamConfig {
    let mut config = config.clone();
    if live.config.metadata.contains_key(EVENT_STREAM) {
        let messages = &mut config.limits.messages_per_subject;
        *messages = messages.map(|messages| messages.max(EVENT_BACKLOG));
    }
    config
}

fn compare(live: &Info, config: &StreamConfig) -> Plan {
    plan::compare(&seen(&live.config, config.bucket), config, live.state.bytes)
}

/// What a live stream is in our words. One that is neither bucket nor stream as we set them up isn't what is wanted.
fn seen(live: &Config, bucket_wanted: bool) -> StreamConfig {
    let rules = |it: &Config| (it.discard, it.allow_rollup, it.deny_delete, it.allow_direct);
    let as_wanted = rules(live) == rules(&with_rules(bucket_wanted));
    let positive = |limit: i64| u64::try_from(limit).ok().filter(|limit| *limit > 0);
    let source = |source: &Source| StreamSource {
        bucket: source.name.strip_prefix("KV_").unwrap_or(&source.name).to_owned(),
        destination: source
            .subject_transforms
            .first()
            .map_or_else(String::new, |transform| transform.destination.clone()),
    };
    StreamConfig {
        name: live.name.clone(),
        subjects: live.subjects.clone(),
        max_age: Some(live.max_age).filter(|age| !age.is_zero()),
        storage: storage(live.storage),
        replicas: replicas(live),
        duplicate_window: live.duplicate_window,
        limits: Limits {
            bytes: positive(live.max_bytes),
            messages_per_subject: positive(live.max_messages_per_subject)
                .map(|messages| u32::try_from(messages).unwrap_or(u32::MAX)),
        },
        sources: live.sources.iter().flatten().map(source).collect(),
        bucket: bucket_wanted == as_wanted,
        batches: live.allow_atomic_publish && live.allow_message_ttl,
        taken_over: noted(live),
    }
}

/// Why a stream will take none of a subject however often it is tried, if the server tells.
pub(super) async fn unfit(link: &Link, stream: &str, subject: &str) -> Option<Status> {
    match asked(link, stream).await.ok()? {
        None => Some(missing::stream(stream)),
        Some(live) if !covered(&live.config.subjects, subject) => {
            Some(missing::subject(stream, subject))
        }
        Some(_) => None,
    }
}

/// What a stream is allowed, as ADR-8 sets a bucket up. We read from its leader all the same, or ask for proof.
fn with_rules(bucket: bool) -> Config {
    Config {
        discard: if bucket { DiscardPolicy::New } else { DiscardPolicy::Old },
        allow_rollup: bucket,
        deny_delete: bucket,
        allow_direct: bucket,
        ..Config::default()
    }
}

/// The live configuration with what is ours to say. Everything else stays as an operator may have set it.
fn update(have: Config, wanted: Config) -> Config {
    let mut metadata = have.metadata.clone();
    metadata.extend(wanted.metadata);
    Config {
        subjects: wanted.subjects,
        max_age: wanted.max_age,
        num_replicas: wanted.num_replicas,
        duplicate_window: wanted.duplicate_window,
        max_bytes: wanted.max_bytes,
        max_messages_per_subject: wanted.max_messages_per_subject,
        discard: wanted.discard,
        allow_rollup: wanted.allow_rollup,
        deny_delete: wanted.deny_delete,
        allow_direct: wanted.allow_direct,
        allow_atomic_publish: have.allow_atomic_publish || wanted.allow_atomic_publish,
        allow_message_ttl: have.allow_message_ttl || wanted.allow_message_ttl,
        sources: wanted.sources,
        metadata,
        ..have
    }
}
