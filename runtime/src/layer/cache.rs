//! Answers kept near their callers: who asks what was asked before gets the answer that was given, for a while.
//!
//! Answers are told apart by the whole request. What they are about, the schema's `key`, says which of them an event
//! ends. An answer counts only as long as nothing has ended it since it was asked for, so that one which was under way
//! when the event came is never given to those who ask later.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::Instant;
use tracing::Instrument as _;

use self::counts::Counts;
use self::flights::{Flight, Flights, Outcome};
use self::key::Key;
use self::local::Entry;
use self::sharing::{Found, Sharing};
use self::validity::Validity;
use super::attempts::Attempts;
use super::{Request, Response};
use crate::connection::Connection;
use crate::headers::name;
use crate::spec;
use crate::status::{Code, Executed, Result, Status};
use crate::transport::BoxFuture;

mod counts;
mod epochs;
mod events;
mod flights;
mod guard;
mod key;
mod local;
mod sharing;
mod store;
mod validity;

pub use store::SharedStore;

pub(super) use guard::Guard;
pub(super) use local::Local;

/// The answers of one method.
#[derive(Debug)]
pub(super) struct Cache {
    policy: &'static spec::Cache,
    /// What is left of the chain: it makes the call when there is no answer.
    attempts: Arc<Attempts>,
    local: Local,
    flights: Flights,
    /// `None` where no event speaks of the answers.
    validity: Option<Arc<Validity>>,
    /// `None` where processes share nothing.
    sharing: Option<Arc<Sharing>>,
    counts: Arc<Counts>,
    _listening: events::Listening,
}

/// What somebody wants to know.
#[derive(Debug, Clone)]
struct Question {
    request: Request,
    key: Key,
    about: String,
}

/// Where an answer comes from.
enum Source {
    Kept(Arc<Entry>),
    /// From a call that is under way, and whether it was made for this.
    Flight(Arc<Flight>, bool),
}

impl Cache {
    pub(super) fn new(
        policy: &'static spec::Cache,
        attempts: &Arc<Attempts>,
        connection: &Connection,
        local: &Local,
        guard: Option<&Arc<Guard>>,
    ) -> Arc<Self> {
        let method = attempts.method();
        let counts = Arc::new(Counts::new(method.subject));
        let sharing = guard.and_then(|guard| Sharing::new(guard, method, policy)).map(Arc::new);
        let (validity, listening) = events::listen(policy, connection, sharing.as_ref(), &counts);
        Arc::new(Self {
            policy,
            attempts: Arc::clone(attempts),
            local: local.clone(),
            flights: Flights::default(),
            validity,
            sharing,
            counts,
            _listening: listening,
        })
    }

    /// Answers a call that begins now.
    pub(super) fn call(
        self: Arc<Self>,
        request: Request,
        now: Instant,
    ) -> BoxFuture<'static, Result<Response>> {
        if !is_plain(&request) {
            return Arc::clone(&self.attempts).call(request, now);
        }
        let key = Key::of(&request);
        let entry = if request.fresh { None } else { self.kept(&key, now) };
        match entry {
            Some(entry) if now < entry.fresh => {
                self.count_hit(&entry);
                give(entry)
            }
            Some(entry) => {
                if let Some(question) = self.question(request, key) {
                    self.source(&question);
                }
                self.counts.stale();
                give(entry)
            }
            None => match self.question(request.clone(), key) {
                Some(question) => Box::pin(self.ask(question)),
                None => Arc::clone(&self.attempts).call(request, now),
            },
        }
    }

    /// `None` when the request can't be read, which its server may judge.
    fn question(&self, request: Request, key: Key) -> Option<Question> {
        let is_told = self.validity.is_some() || self.sharing.is_some();
        let about =
            if is_told { key::about_request(self.policy.key, &key.body)? } else { String::new() };
        Some(Question { request, key, about })
    }

    /// An answer that may be given, though perhaps only while the next is fetched.
    fn kept(&self, key: &Key, now: Instant) -> Option<Arc<Entry>> {
        let entry = self.local.get(key).filter(|entry| now < entry.end)?;
        let ended = self.validity.as_ref().zip(entry.stamp);
        ended.is_none_or(|(validity, stamp)| validity.is_current(stamp)).then_some(entry)
    }

    fn count_hit(&self, entry: &Entry) {
        if entry.result.is_ok() {
            self.counts.local();
        } else {
            self.counts.negative();
        }
    }

    /// Waits for an answer, no longer than the call has time.
    async fn ask(self: Arc<Self>, question: Question) -> Result<Response> {
        let Question { request, .. } = &question;
        loop {
            let (flight, is_own) = match self.source(&question) {
                Source::Kept(entry) => {
                    self.count_hit(&entry);
                    return entry.result.clone();
                }
                Source::Flight(flight, is_own) => (flight, is_own),
            };
            if !is_own {
                self.counts.joined();
            }
            let landed = tokio::time::timeout_at(request.deadline, flight.landed());
            let Ok(result) = landed.await else { return Err(late(request)) };
            // Another's time was over, not this one's.
            let is_others = !is_own
                && matches!(&result, Err(status) if status.code() == Code::DeadlineExceeded);
            if !is_others || Instant::now() >= request.deadline {
                return result;
            }
        }
    }

    /// Finds the call that will answer, or makes it.
    fn source(self: &Arc<Self>, question: &Question) -> Source {
        let Question { request, key, about } = question;
        let stamp = self.validity.as_ref().map(|validity| validity.stamp(about));
        let mut flights = self.flights.lock();
        if !request.fresh {
            let now = Instant::now();
            // It may have landed since somebody looked.
            if let Some(entry) = self.kept(key, now).filter(|entry| now < entry.fresh) {
                return Source::Kept(entry);
            }
            if let Some(flight) = flights.get(key).filter(|flight| flight.stamp == stamp) {
                return Source::Flight(Arc::clone(flight), false);
            }
        }
        let (tell, outcome) = watch::channel(None);
        let flight = Arc::new(Flight { stamp, outcome });
        flights.insert(key.clone(), Arc::clone(&flight));
        drop(flights);
        let flying = Arc::clone(self).fly(question.clone(), Arc::clone(&flight), tell);
        // It goes on when its caller leaves: others may wait for it, and its answer is kept.
        tokio::spawn(flying.in_current_span());
        Source::Flight(flight, true)
    }

    /// Fetches an answer, from other processes or from the service.
    async fn fly(
        self: Arc<Self>,
        question: Question,
        flight: Arc<Flight>,
        tell: watch::Sender<Outcome>,
    ) {
        let Question { mut request, key, about } = question;
        let _seat = self.flights.seat(&key, &flight);
        // Others may have more time than who came first.
        request.deadline = request.deadline.max(Instant::now() + request.method().timeout);
        let place = match &self.sharing {
            None => None,
            Some(sharing) => {
                let trusted =
                    !request.fresh
                        && self.validity.as_ref().zip(flight.stamp).is_none_or(
                            |(validity, stamp)| validity.may_share(stamp, sharing.ttl()),
                        );
                match sharing.find(&about, &key, trusted).await {
                    Found::Answer(response) => {
                        self.counts.shared();
                        self.land(&key, &flight, &Ok(response.clone()));
                        tell.send_replace(Some(Ok(response)));
                        return;
                    }
                    Found::Place(place) => Some(place),
                    Found::Nothing => None,
                }
            }
        };
        self.counts.missed();
        let asked = SystemTime::now();
        let result = Arc::clone(&self.attempts).call(request, Instant::now()).await;
        self.land(&key, &flight, &result);
        tell.send_replace(Some(result.clone()));
        let (Some(sharing), Some(place)) = (&self.sharing, place) else { return };
        match result {
            Ok(response) => sharing.put(place, &response, asked).await,
            Err(status) if passes(&status) => {}
            // What was stored is the answer no more.
            Err(_) => sharing.spoil(place, asked).await,
        }
    }

    /// Keeps what a call has brought, unless another was made after it.
    fn land(&self, key: &Key, flight: &Arc<Flight>, result: &Result<Response>) {
        let spec::Cache { local_ttl, negative_ttl, stale_ttl, .. } = *self.policy;
        let mut flights = self.flights.lock();
        if !Flights::take(&mut flights, key, flight) {
            return;
        }
        let stale_ttl = stale_ttl.unwrap_or_default();
        let (fresh, stale) = match result {
            Ok(_) => (local_ttl, stale_ttl),
            Err(status) => match negative_ttl.filter(|_| status.code() == Code::NotFound) {
                Some(ttl) => (ttl, Duration::ZERO),
                None if passes(status) => return,
                // What was kept is the answer no more.
                None => return self.local.remove(key),
            },
        };
        let fresh = Instant::now() + fresh;
        let (result, stamp) = (result.clone(), flight.stamp);
        self.local.insert(key.clone(), Entry { result, stamp, fresh, end: fresh + stale });
    }
}

/// Gives an answer at once, and now and then lets others on the thread go on first: who asks in a loop would otherwise
/// keep the news from coming in.
fn give(entry: Arc<Entry>) -> BoxFuture<'static, Result<Response>> {
    Box::pin(async move {
        tokio::task::coop::consume_budget().await;
        entry.result.clone()
    })
}

/// Whether the request says it all: what another header asks for isn't known here. A trace asks for nothing.
fn is_plain(request: &Request) -> bool {
    let is_trace = |name: &str| {
        name.eq_ignore_ascii_case(name::TRACEPARENT) || name.eq_ignore_ascii_case(name::TRACESTATE)
    };
    request.headers.iter().all(|(name, _)| is_trace(name))
}

/// Whether a failure says nothing of the answer that would have been given.
fn passes(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Cancelled
            | Code::Aborted
            | Code::Internal
            | Code::UnknownOutcome
    )
}

fn late(request: &Request) -> Status {
    Status::deadline_exceeded(format!("{} did not answer in time", request.subject()))
        .with_executed(Executed::Unknown)
}
