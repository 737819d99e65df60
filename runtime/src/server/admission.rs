//! Judges a request before anything of it is decoded.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::callers::Late;
use super::desk::Desk;
use super::incoming::{Incoming, Permit};
use super::{Inner, handler, large};
use crate::clock;
use crate::content;
use crate::context::Context;
use crate::headers::{self, name};
use crate::reply::{self, Sent};
use crate::spec::Kind;
use crate::stamp;
use crate::telemetry::trace;
use crate::transport::{Message, Sink};

/// Takes the requests of one method.
pub(super) struct MethodSink {
    server: Arc<Inner>,
    index: usize,
    /// Which desk they come in at.
    desk: usize,
}

impl MethodSink {
    pub(super) fn new(server: &Arc<Inner>, index: usize, desk: usize) -> Self {
        Self { server: Arc::clone(server), index, desk }
    }

    fn desk(&self) -> &Desk {
        &self.server.desks[self.desk]
    }
}

impl Sink for MethodSink {
    fn deliver(&self, message: Message) {
        let method = &self.server.methods[self.index];
        method.received.fetch_add(1, Ordering::Relaxed);
        let arrived = Instant::now();
        let alone = self.is_alone();
        let reply::Checked { subject: reply, sent } = match reply::check(message.reply.as_deref()) {
            Ok(checked) => checked,
            Err(refusal) => {
                method.refused.fetch_add(1, Ordering::Relaxed);
                metrics::counter!("bb_requests_refused_total", "method" => method.spec.subject)
                    .increment(1);
                tracing::warn!(method = method.spec.subject, %refusal, "request refused");
                return;
            }
        };
        let deadline = match self.deadline(sent.as_ref(), message.headers.as_deref(), arrived) {
            Ok(deadline) => deadline,
            Err(Late(by_ms)) => {
                method.expired.fetch_add(1, Ordering::Relaxed);
                metrics::counter!("bb_requests_expired_total", "method" => method.spec.subject)
                    .increment(1);
                let context = Context::of_call(method.spec, None, None, reply, alone);
                handler::answer_failure(&self.desk().connection, &context, &stamp::late(by_ms));
                return;
            }
        };
        let wrapped = message.headers.as_deref().is_some_and(content::is_wrapped);
        let span = trace::handle(method.spec, message.headers.as_deref());
        let context = Context::of_call(method.spec, deadline, message.headers, reply, alone);
        if !method.enter() {
            let words = format!(
                "{} calls of {}.{} are in flight, which is all that an instance runs at once",
                method.limit(),
                method.spec.service,
                method.spec.name
            );
            let status = method.shed(words);
            trace::ended(&span, Err(&status));
            handler::answer_failure(&self.desk().connection, &context, &status);
            return;
        }
        let permit = Permit::new(&self.server, self.index, self.desk, span, context);
        let incoming = Incoming::new(permit, message.payload, arrived);
        if wrapped {
            large::receive(incoming);
        } else {
            dispatch(&self.server, self.index, incoming);
        }
    }

    fn idle(&self) {
        let desk = self.desk();
        if self.server.methods[self.index].spec.critical {
            desk.connection.critical().push();
        } else {
            desk.idle();
        }
    }

    fn refused(&self, subject: &str) {
        if subject == self.server.methods[self.index].spec.subject {
            let mut refused = self.server.refused.lock().unwrap_or_else(PoisonError::into_inner);
            refused.push(subject.to_owned());
        }
    }
}

impl MethodSink {
    /// Whether a request that is read now comes alone, as far as is known of where most come in.
    fn is_alone(&self) -> bool {
        !self.server.methods[self.index].spec.critical && self.desk().read()
    }

    /// When the caller gives up: by what it says of its time, or else as the schema says, counted from now.
    fn deadline(
        &self,
        sent: Option<&Sent<'_>>,
        headers: Option<&[u8]>,
        arrived: Instant,
    ) -> Result<Option<Instant>, Late> {
        let spec = self.server.methods[self.index].spec;
        let stamped = sent.and_then(|sent| sent.stamp.timeout);
        let timeout = stamped.or_else(|| foreign_timeout(headers?)).unwrap_or(spec.timeout);
        if let Some(Sent { caller, stamp }) = sent {
            let mut callers = self.server.callers.lock().unwrap_or_else(PoisonError::into_inner);
            callers.judge(caller, stamp, timeout, clock::millis(arrived))?;
        } else if timeout.is_zero() {
            return Err(Late(0));
        }
        // The deadline of a stream is that of its opening, which its caller watches over; then it lives while it is fed.
        Ok(if spec.kind == Kind::Unary { arrived.checked_add(timeout) } else { None })
    }
}

/// Hands a request to the service.
pub(super) fn dispatch(server: &Inner, index: usize, mut incoming: Incoming) {
    if incoming.method().sealed.request.is_some()
        && let Err(status) = incoming.open()
    {
        return incoming.fail(&status);
    }
    let (context, arrived) = (incoming.context().clone(), incoming.arrived);
    let (span, desk) = (incoming.permit.span.clone(), incoming.permit.desk);
    let _entered = span.enter();
    let called = catch_unwind(AssertUnwindSafe(|| server.service.call(index, incoming)));
    if called.is_err() {
        let (connection, took) = (&server.desks[desk].connection, arrived.elapsed());
        let status = handler::answer_panic(server, index, connection, &context, took);
        trace::ended(&span, Err(&status));
    }
}

/// The time-out that a caller who isn't ours says it has.
fn foreign_timeout(block: &[u8]) -> Option<Duration> {
    let ms = headers::find(block, name::TIMEOUT_MS)?.parse().ok()?;
    Some(Duration::from_millis(ms))
}
