//! Setting streams up.

use std::time::Duration;

use tokio::sync::Mutex;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{CreateStreamErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, Info, Source, StorageType, SubjectTransform,
};

use super::super::config::{EVENT_BACKLOG, bucket_stream, bucket_subject, covered};
use super::super::{Limits, Provisioned, StreamConfig, TakenOver};
use super::link::Link;
use super::wire;
use crate::spec::Storage;
use crate::status::{Result, Status};

/// Makes a stream what the configuration says.
pub(super) async fn provision(link: &Link, config: &StreamConfig) -> Result<Provisioned> {
    link.ready().await?;
    let mut wanted = wanted(config);
    let Some(live) = live(link, &config.name).await? else {
        link.context.create_stream(wanted).await.map_err(|e| failure(&config.name, &e.kind()))?;
        return Ok(Provisioned::Created);
    };
    if live.config.metadata.contains_key(EVENT_STREAM) && wanted.max_messages_per_subject > 0 {
        // A stream that isn't being provisioned now takes its writes over.
        let backlog = i64::from(EVENT_BACKLOG);
        wanted.max_messages_per_subject = wanted.max_messages_per_subject.max(backlog);
    }
    let losses = losses(&live, &wanted);
    if !losses.is_empty() {
        return Err(Status::failed_precondition(format!(
            "stream {} would lose what it holds: {}; change the schema back, or copy the stream and delete it",
            config.name,
            losses.join(", ")
        )));
    }
    let Some(update) = update(live.config, wanted) else { return Ok(Provisioned::Unchanged) };
    link.context.update_stream(update).await.map_err(|e| failure(&config.name, &e.kind()))?;
    Ok(Provisioned::Updated)
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
        // As ADR-8 sets a bucket up, but that only its leader answers.
        discard: if *bucket { DiscardPolicy::New } else { DiscardPolicy::Old },
        allow_rollup: *bucket,
        deny_delete: *bucket,
        allow_direct: false,
        metadata: taken_over.iter().flat_map(note).collect(),
        ..Config::default()
    }
}

/// Metadata of a bucket's stream: where its writes become events.
const EVENT_STREAM: &str = "bodybroker-event-stream";
const EVENT_SUBJECT: &str = "bodybroker-event-subject";

fn note(taken_over: &TakenOver) -> [(String, String); 2] {
    let TakenOver { stream, destination } = taken_over;
    [(EVENT_STREAM.to_owned(), stream.clone()), (EVENT_SUBJECT.to_owned(), destination.clone())]
}

/// Which stream takes the writes of a bucket's stream over.
pub(super) async fn taken_over(link: &Link, name: &str) -> Result<Option<TakenOver>> {
    let Some(live) = live(link, name).await? else { return Ok(None) };
    let noted = |key: &str| live.config.metadata.get(key).cloned();
    Ok(noted(EVENT_STREAM)
        .zip(noted(EVENT_SUBJECT))
        .map(|(stream, destination)| TakenOver { stream, destination }))
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

/// What the live stream would lose.
fn losses(live: &Info, wanted: &Config) -> Vec<String> {
    let mut losses = Vec::new();
    let have = &live.config;
    if have.storage != wanted.storage {
        losses.push(format!("storage {:?} -> {:?}", have.storage, wanted.storage));
    }
    let shorter = |a: Duration, b: Duration| !b.is_zero() && (a.is_zero() || b < a);
    if shorter(have.max_age, wanted.max_age) {
        losses.push(format!("kept {} -> {}", age(have.max_age), age(wanted.max_age)));
    }
    let fewer = |a: i64, b: i64| b > 0 && (a <= 0 || b < a);
    let (a, b) = (have.max_messages_per_subject, wanted.max_messages_per_subject);
    if fewer(a, b) {
        losses.push(format!("messages a subject {a} -> {b}"));
    }
    let held = i64::try_from(live.state.bytes).unwrap_or(i64::MAX);
    if wanted.max_bytes > 0 && held > wanted.max_bytes {
        losses.push(format!("bytes {held} held -> {} at most", wanted.max_bytes));
    }
    losses
}

fn age(age: Duration) -> String {
    if age.is_zero() { "for ever".to_owned() } else { format!("{age:?}") }
}

/// What to ask for, if the live configuration differs in anything that is ours to say.
fn update(have: Config, wanted: Config) -> Option<Config> {
    let sources = |config: &Config| {
        let sources = config.sources.iter().flatten();
        let mut keys: Vec<_> = sources
            .map(|source| {
                let transforms = source.subject_transforms.iter();
                let transforms: Vec<_> =
                    transforms.map(|t| (t.source.clone(), t.destination.clone())).collect();
                (source.name.clone(), transforms)
            })
            .collect();
        keys.sort();
        keys
    };
    let sorted = |config: &Config| {
        let mut subjects = config.subjects.clone();
        subjects.sort();
        subjects
    };
    let same = sorted(&have) == sorted(&wanted)
        && have.max_age == wanted.max_age
        && have.num_replicas == wanted.num_replicas
        && have.duplicate_window == wanted.duplicate_window
        && have.max_bytes == wanted.max_bytes
        && have.max_messages_per_subject == wanted.max_messages_per_subject
        && have.discard == wanted.discard
        && have.allow_rollup == wanted.allow_rollup
        && have.deny_delete == wanted.deny_delete
        && have.allow_direct == wanted.allow_direct
        && wanted.metadata.iter().all(|(key, text)| have.metadata.get(key) == Some(text))
        && sources(&have) == sources(&wanted);
    let mut metadata = have.metadata.clone();
    metadata.extend(wanted.metadata);
    // Everything else stays as an operator may have set it.
    (!same).then_some(Config {
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
        sources: wanted.sources,
        metadata,
        ..have
    })
}
