//! What subjects a stream has. A consumer can't tell while they are written: it passes by what is replaced just before its
//! turn, and miscounts what is left. The leader's list is one moment's.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_nats::jetstream::response::Response;
use futures::StreamExt;
use futures::stream::{BoxStream, try_unfold};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::link::{ATTEMPT, Link, patiently};
use super::wire;
use crate::status::{Code, Executed, Result, Status};
use crate::subject::{Filter, Subject};

/// How far to step back where subjects have gone between two answers.
const STEP_BACK: usize = 1000;

/// Reads the names of subjects, as many at a time as an answer of the server has: 100 000.
pub(super) fn read(
    link: &Arc<Link>,
    stream: &str,
    filter: &Filter,
) -> BoxStream<'static, Result<Vec<String>>> {
    let (link, stream, filter) = (Arc::clone(link), stream.to_owned(), filter.to_string());
    let names = Names { link, stream, filter, offset: 0, last: None, ended: false };
    try_unfold(names, |mut names| async { Ok(names.next().await?.map(|some| (some, names))) })
        .boxed()
}

struct Names {
    link: Arc<Link>,
    stream: String,
    filter: String,
    /// Place in the list, which is in order, where the next answer begins.
    offset: usize,
    /// The last name that was seen.
    last: Option<String>,
    ended: bool,
}

#[derive(Debug, Deserialize)]
struct Answer {
    /// Subjects in all.
    #[serde(default)]
    total: usize,
    state: State,
}

#[derive(Debug, Deserialize)]
struct State {
    last_seq: u64,
    #[serde(default)]
    subjects: Option<BTreeMap<String, u64>>,
}

impl Names {
    async fn next(&mut self) -> Result<Option<Vec<String>>> {
        while !self.ended {
            let Answer { total, state } = self.ask().await?;
            let found = state.subjects.unwrap_or_default();
            let follows_on = self.offset == 0
                || found
                    .first_key_value()
                    .is_some_and(|(first, _)| Some(first) <= self.last.as_ref());
            if !follows_on {
                // Some that were seen have gone since, and others have moved to their places.
                self.offset = self.offset.saturating_sub(STEP_BACK);
                continue;
            }
            let end = self.offset + found.len();
            self.ended = end >= total || found.is_empty();
            // The last one is asked for again, so that a gap would be seen.
            self.offset = end.saturating_sub(1);
            let news = found.into_keys().filter(|name| Some(name) > self.last.as_ref());
            let news: Vec<_> = news.collect();
            if let Some(last) = news.last() {
                self.last = Some(last.clone());
                return Ok(Some(news));
            }
        }
        Ok(None)
    }

    async fn ask(&self) -> Result<Answer> {
        let Self { link, stream, filter, offset, .. } = self;
        let request = json!({ "subjects_filter": filter, "offset": offset });
        ask(link, stream, "INFO", &request).await
    }
}

/// Whether a stream that has got as far as a sequence has nothing of a subject any more.
pub(super) async fn is_gone(link: &Link, stream: &str, subject: &Subject, sequence: u64) -> bool {
    let request = json!({ "subjects_filter": subject.as_str() });
    let answer: Result<Answer> = ask(link, stream, "INFO", &request).await;
    answer.is_ok_and(|Answer { state, .. }| {
        state.last_seq >= sequence && state.subjects.is_none_or(|subjects| subjects.is_empty())
    })
}

/// Removes every message of a subject.
pub(super) async fn purge(link: &Link, stream: &str, subject: &Subject) -> Result<()> {
    let request = json!({ "filter": subject.as_str() });
    ask::<IgnoredAny>(link, stream, "PURGE", &request).await.map(drop)
}

/// Asks the leader of a stream for what may be done twice.
async fn ask<T: DeserializeOwned>(
    link: &Link,
    stream: &str,
    what: &str,
    request: &Value,
) -> Result<T> {
    patiently(|| ask_once(link, stream, what, request)).await
}

async fn ask_once<T: DeserializeOwned>(
    link: &Link,
    stream: &str,
    what: &str,
    request: &Value,
) -> Result<T> {
    let state = link.ready().await?;
    let api = format!("STREAM.{what}.{stream}");
    let asking = timeout(ATTEMPT, link.context.request(api.clone(), request));
    match link.exchange(state, &format!("$JS.API.{api}"), asking).await {
        Ok(Ok(Ok(Response::Ok(answer)))) => Ok(answer),
        Ok(Ok(Ok(Response::Err { error }))) => Err(wire::refused(stream, &error)),
        Err(status) if status.code() == Code::PermissionDenied => Err(status),
        Ok(Ok(Err(_)) | Err(_)) | Err(_) => {
            let words = format!("{stream}: the server did not answer in time ({what})");
            Err(Status::unavailable(words).with_executed(Executed::No))
        }
    }
}
