//! One event from its delivery to its settlement.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures::FutureExt;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::failures::Failures;
use super::in_hand::{Hand, InHand, Taken, decided, key};
use super::{Tuning, dead_letter, millis};
use crate::context::Context;
use crate::delivery::Delivery;
use crate::durable::{Durable, Pulled, Settlement, Stored, deletes};
use crate::headers::{Headers, name};
use crate::seal::Guard;
use crate::server::Service;
use crate::spec::ConsumeSpec;
use crate::status::{Code, Result, Status};
use crate::telemetry::trace;

/// What all events of a consumer have in common.
pub(super) struct Handling {
    pub(super) durable: Arc<dyn Durable>,
    pub(super) service: Arc<dyn Service>,
    pub(super) index: usize,
    pub(super) spec: &'static ConsumeSpec,
    /// Opens events, where they have sensitive fields.
    pub(super) guard: Option<Guard>,
    pub(super) tuning: Arc<Tuning>,
    pub(super) abandon: CancellationToken,
    pub(super) in_hand: Arc<InHand>,
    pub(super) failures: Failures,
}

impl Handling {
    /// Handles one event and settles it.
    pub(super) async fn handle(&self, pulled: Pulled) {
        loop {
            match self.in_hand.take(&pulled.message) {
                Taken::Here(hand) => return self.take(hand, &pulled).await,
                Taken::Already(decision) => {
                    if let Some(settlement) = decided(decision).await {
                        return self.settle(&pulled, settlement).await;
                    }
                }
            }
        }
    }

    /// Handles an event that no earlier delivery has in hand, and settles it.
    async fn take(&self, hand: Hand, pulled: &Pulled) {
        let began = Instant::now();
        let settlement = self.decide(pulled).await;
        let outcome = match settlement {
            Settlement::Done => "done",
            Settlement::Again(_) => "again",
            Settlement::Never => "dead",
            Settlement::Working => "working",
        };
        let consumer = self.spec.durable;
        metrics::histogram!("bb_events_seconds", "consumer" => consumer, "outcome" => outcome)
            .record(began.elapsed());
        #[expect(clippy::cast_precision_loss, reason = "no stream comes near 2^52")]
        metrics::gauge!("bb_consumer_lag", "consumer" => consumer)
            .set(pulled.message.pending as f64);
        if let Settlement::Again(_) = settlement {
            // To give it back now would give back what another delivery has taken.
            if !hand.pass_on() {
                self.settle(pulled, settlement).await;
            }
        } else {
            hand.end(settlement);
            self.settle(pulled, settlement).await;
            drop(hand);
        }
    }

    async fn settle(&self, pulled: &Pulled, settlement: Settlement) {
        if let Err(status) = pulled.receipt.settle(settlement).await {
            // It comes again, and handlers bear that.
            let (consumer, sequence) = (self.spec.durable, pulled.message.sequence);
            tracing::warn!(consumer, sequence, %status, "not acknowledged");
        }
    }

    async fn decide(&self, pulled: &Pulled) -> Settlement {
        let message = &pulled.message;
        if deletes(&message.headers) || expired(&message.headers) {
            return Settlement::Done;
        }
        if pulled.deliveries > self.tuning.deliveries_max {
            // Whoever had it last never said how it went: it may be what kills them.
            let status = self.failures.forget(key(message)).unwrap_or_else(|| {
                Status::unknown_outcome("every handler of it ended without a word")
            });
            return self.give_up(pulled, &status).await;
        }
        let result = tokio::select! {
            biased;
            result = self.run(message, pulled.deliveries) => result,
            () = self.beat(pulled) => unreachable!("it beats for ever"),
            () = self.abandon.cancelled() => return Settlement::Again(Duration::ZERO),
        };
        self.failures.forget(key(message));
        match result {
            Ok(()) => Settlement::Done,
            Err(status)
                if permanent(&status) || pulled.deliveries >= self.tuning.deliveries_max =>
            {
                self.give_up(pulled, &status).await
            }
            Err(status) => {
                let pause = self.pause(pulled.deliveries, &status);
                let (consumer, sequence) = (self.spec.durable, message.sequence);
                tracing::warn!(consumer, sequence, %status, ?pause, "an event failed and comes again");
                self.failures.note(key(message), status);
                Settlement::Again(pause)
            }
        }
    }

    /// Runs the handler; a panic is a failure like others.
    async fn run(&self, message: &Stored, deliveries: u64) -> Result<()> {
        let context = Context::new(None, None, Some(self.block(message, deliveries)));
        let plain = message.plain().map_err(|garbled| garbled.lost("the event"))?;
        let payload = Guard::open_with(self.guard.as_ref(), plain)?;
        let delivery = Delivery::new(context, payload);
        let span = trace::consume(self.spec, &message.headers);
        let handled = AssertUnwindSafe(async { self.service.consume(self.index, delivery).await });
        let result = handled
            .catch_unwind()
            .instrument(span.clone())
            .await
            .unwrap_or_else(|_| Err(Status::internal("the handler panicked")));
        trace::ended(&span, result.as_ref().map(drop));
        result
    }

    /// Tells the server again and again that the event is being worked on.
    async fn beat(&self, pulled: &Pulled) {
        loop {
            tokio::time::sleep(self.tuning.ack_wait / 3).await;
            if let Err(status) = pulled.receipt.settle(Settlement::Working).await {
                tracing::debug!(consumer = self.spec.durable, %status, "a beat was lost");
            }
        }
    }

    async fn give_up(&self, pulled: &Pulled, status: &Status) -> Settlement {
        let (consumer, sequence) = (self.spec.durable, pulled.message.sequence);
        let buried = tokio::select! {
            biased;
            buried = self.bury(pulled, status) => buried,
            () = self.beat(pulled) => unreachable!("it beats for ever"),
            () = self.abandon.cancelled() => return Settlement::Again(Duration::ZERO),
        };
        match buried {
            Ok(()) => {
                metrics::counter!("bb_dead_letters_total", "consumer" => consumer).increment(1);
                tracing::error!(consumer, sequence, %status, "an event is given up: see the dead letters");
                Settlement::Never
            }
            Err(lost) => {
                tracing::error!(consumer, sequence, %status, %lost, "an event can't be given up");
                Settlement::Again(self.pause(u64::MAX, status))
            }
        }
    }

    /// Writes the dead letter, patiently: the next delivery of the event would know nothing of the reason.
    async fn bury(&self, pulled: &Pulled, status: &Status) -> Result<()> {
        let mut letter = dead_letter::write(self.spec, pulled, status)?;
        let mut attempt = 1;
        loop {
            match self.durable.append(letter.clone()).await {
                Ok(_) => return Ok(()),
                Err(lost) if attempt < BURIALS_MAX && passing(&lost) => {
                    tokio::time::sleep(BURIAL_PAUSE).await;
                    attempt += 1;
                }
                Err(lost) if lost.code() == Code::InvalidArgument && !letter.payload.is_empty() => {
                    letter = dead_letter::without_payload(letter)?;
                }
                Err(lost) => return Err(lost),
            }
        }
    }

    fn pause(&self, deliveries: u64, status: &Status) -> Duration {
        let at = usize::try_from(deliveries.saturating_sub(1)).unwrap_or(usize::MAX);
        let backoff = &self.tuning.backoff;
        let pause = backoff.get(at).or(backoff.last()).copied().unwrap_or_default();
        pause.max(status.retry_after().unwrap_or_default())
    }

    /// The headers that the handler sees: the event's own, which delivery it is, and a key by which the handler and
    /// those that it calls recognise a repetition.
    fn block(&self, message: &Stored, deliveries: u64) -> Bytes {
        let mut headers = message.headers.clone();
        // These are printable, so the inserts can't fail.
        let _ = headers.insert(name::ATTEMPT, deliveries.to_string());
        if headers.get(name::IDEMPOTENCY_KEY).is_none() {
            let key = format!("{}:{}", self.spec.event.stream, message.sequence);
            let _ = headers.insert(name::IDEMPOTENCY_KEY, key);
        }
        let mut block = Vec::with_capacity(headers.encoded_len());
        headers.encode(&mut block);
        block.into()
    }
}

/// Attempts to write a dead letter, each of which is patient itself; together they outlast an election.
const BURIALS_MAX: u32 = 5;
/// Pause between them.
const BURIAL_PAUSE: Duration = Duration::from_secs(1);

/// Whether a failure to write passes by itself.
fn passing(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::UnknownOutcome)
}

/// Whether the same event will fail in the same way for ever.
fn permanent(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::InvalidArgument | Code::Unimplemented | Code::DataLoss | Code::OutOfRange
    )
}

fn expired(headers: &Headers) -> bool {
    let deadline = headers.get(name::DEADLINE).and_then(|text| text.parse::<u128>().ok());
    deadline.is_some_and(|deadline| deadline <= millis(SystemTime::now()))
}
