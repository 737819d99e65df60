use std::time::Duration;

use super::storage;
use crate::schema::duration;
use crate::schema::model::{Source, Stream};
use crate::schema::option;
use crate::schema::survey::{File, Survey};
use crate::schema::template::{Piece, pieces};

/// Window in which a repeated message id is recognised where nobody says: the server's own.
const DUPLICATE_WINDOW: Duration = Duration::from_mins(2);

/// Every stream of the judged files, by name.
pub(super) fn streams(survey: &Survey) -> Vec<Stream> {
    let mut streams: Vec<_> =
        survey.streams().map(|(file, _, written)| stream(survey, file, written)).collect();
    streams.sort_by(|a, b| a.name.cmp(&b.name));
    streams
}

fn stream(survey: &Survey, file: &File, written: &option::Stream) -> Stream {
    let option::Stream {
        name,
        subjects,
        max_age,
        storage: kept,
        replicas,
        duplicate_window,
        max_bytes,
    } = written;
    let mut subjects = subjects.clone();
    subjects.sort();
    let max_age = duration::parse(max_age).unwrap_or_default();
    let window = duplicate_window.as_deref().and_then(duration::parse);
    Stream {
        name: name.clone(),
        subjects,
        max_age,
        storage: storage(*kept),
        replicas: replicas.unwrap_or(1),
        duplicate_window: window.unwrap_or(DUPLICATE_WINDOW.min(max_age)),
        max_bytes: *max_bytes,
        package: file.package.clone(),
        sources: sources(survey, name),
    }
}

/// Buckets whose writes a stream carries, by name.
fn sources(survey: &Survey, stream: &str) -> Vec<Source> {
    let mut sources: Vec<_> = survey
        .events()
        .filter(|(_, _, event)| event.stream == stream)
        .filter_map(|(_, _, event)| {
            let destination = destination(&event.subject);
            event.bucket.clone().map(|bucket| Source { bucket, destination })
        })
        .collect();
    sources.sort_by(|a, b| (&a.bucket, &a.destination).cmp(&(&b.bucket, &b.destination)));
    sources
}

/// An event's subject with the server's word for the bucket's key where its field goes.
fn destination(subject: &str) -> String {
    let tokens = pieces(subject).into_iter().map(|piece| match piece {
        Piece::Literal(token) | Piece::Bad(token, _) => token,
        Piece::Hole(_) => "{{wildcard(1)}}",
    });
    tokens.collect::<Vec<_>>().join(".")
}
