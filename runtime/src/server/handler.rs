//! Runs a handler and sees its answer out.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{self, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;

use super::Inner;
use super::incoming::{Incoming, Permit};
use crate::clock;
use crate::connection::Connection;
use crate::context::Context;
use crate::headers::Headers;
use crate::status::{self, Code, Executed, Result, Status};
use crate::transport::{Body, BoxFuture, Flush, Outgoing};

/// Polls the handler here once while its method is cheap; what has to wait gets a task of its own.
pub(super) fn start(call: Incoming, mut future: BoxFuture<'static, Result<()>>) {
    let Incoming { permit, arrived, .. } = call;
    if permit.method().is_cheap() {
        let polled = {
            let _entered = permit.context.enter();
            poll_caught(&mut future, &mut task::Context::from_waker(Waker::noop()))
        };
        // The clock is read twice a call: when it arrives and here.
        let took = arrived.elapsed();
        permit.method().polled(took);
        match polled {
            Poll::Ready(Ok(how)) => return permit.ended(took, how.as_ref().copied()),
            Poll::Ready(Err(_)) => return permit.panicked(took),
            Poll::Pending => {}
        }
    }
    spawn(permit, arrived, future);
}

/// Gives the handler a task of its own.
pub(super) fn start_apart(call: Incoming, future: BoxFuture<'static, Result<()>>) {
    let Incoming { permit, arrived, .. } = call;
    spawn(permit, arrived, future);
}

/// Runs a handler that has to wait, until it ends, its caller gives up or time runs out.
fn spawn(mut permit: Permit, arrived: Instant, mut future: BoxFuture<'static, Result<()>>) {
    permit.leave_reading_task();
    // All of it is only borrowed in there: what is moved within a task lies in it twice, and a task is copied to be
    // spawned.
    tokio::spawn(async move {
        let permit = &permit;
        let measured = permit.method().is_cheap();
        let mut handler = Caught { future: &mut future, permit, measured, arrived };
        match while_wanted(permit, arrived, &mut handler).await {
            Some(Ok(how)) => permit.ended(arrived.elapsed(), how.as_ref().copied()),
            Some(Err(_)) => permit.panicked(arrived.elapsed()),
            None => {}
        }
    });
}

/// Waits for something that a call needs, for as long as its caller waits for the call; `None` when that is over,
/// and the call with it.
pub(super) async fn while_wanted<T>(
    permit: &Permit,
    arrived: Instant,
    needed: impl Future<Output = T>,
) -> Option<T> {
    let context = &permit.context;
    if context.is_cancelled() {
        given_up(permit, arrived);
        return None;
    }
    tokio::select! {
        biased;
        needed = needed => return Some(needed),
        () = context.cancelled() => given_up(permit, arrived),
        () = clock::until(context.deadline()) => {
            // The caller has given up by itself; what the handler started must hear of it.
            context.cancel();
            let status = Status::deadline_exceeded("the handler ran out of time");
            permit.ended(arrived.elapsed(), Err(&status));
        }
    }
    None
}

/// Ends a call that its caller has given up, or that a drain has no more time for.
pub(super) fn given_up(permit: &Permit, arrived: Instant) {
    permit.method().cancelled.fetch_add(1, Ordering::Relaxed);
    let status = if permit.server.draining.load(Ordering::SeqCst) {
        let status = Status::unavailable("the instance stopped before the handler ended")
            .with_executed(Executed::Unknown);
        answer_failure(permit.connection(), &permit.context, &status);
        status
    } else {
        Status::cancelled("the caller gave up")
    };
    permit.ended(arrived.elapsed(), Err(&status));
}

/// Publishes a response.
pub(super) fn answer(
    connection: &Connection,
    context: &Context,
    headers: &Headers,
    body: &dyn Body,
) -> Result<()> {
    let Err(status) = publish(connection, context, headers, body) else {
        return Ok(());
    };
    if status.code() != Code::InvalidArgument {
        lost(context, &status);
        return Err(status);
    }
    let limit = connection.tx().max_payload();
    let status = Status::resource_exhausted(format!(
        "the response has {} bytes, more than the {limit} that a message may have",
        body.len()
    ));
    Err(answer_error(connection, context, status))
}

/// Publishes what a handler failed with, and returns it.
pub(super) fn answer_error(connection: &Connection, context: &Context, status: Status) -> Status {
    // It may hold a failure of a call that the handler made and that never ran. The handler did.
    let executed = match status.code() {
        Code::UnknownOutcome => Executed::Unknown,
        _ => Executed::Yes,
    };
    let status = status.with_executed(executed);
    answer_failure(connection, context, &status);
    status
}

/// Publishes a failure.
pub(super) fn answer_failure(connection: &Connection, context: &Context, status: &Status) {
    let (headers, body) = status::wire::encode(status);
    if let Err(status) = publish(connection, context, &headers, &body) {
        lost(context, &status);
    }
}

/// Answers for a handler that panicked; tells how.
pub(super) fn answer_panic(
    server: &Inner,
    index: usize,
    connection: &Connection,
    context: &Context,
    took: Duration,
) -> Status {
    let method = server.methods[index].spec;
    tracing::error!(method = method.subject, "handler panicked");
    metrics::counter!("bb_handler_panics_total", "method" => method.subject).increment(1);
    let status = Status::internal("the handler panicked");
    let status = answer_error(connection, context, status);
    server.ended(index, took, Err(&status));
    status
}

fn publish(
    connection: &Connection,
    context: &Context,
    headers: &Headers,
    body: &dyn Body,
) -> Result<()> {
    let Some(reply) = context.reply() else { return Ok(()) };
    let here = context.is_on_reading_task();
    let flush = if here { Flush::Later } else { Flush::Soon };
    let answer = Outgoing { subject: reply, reply: None, headers, body, expires: None, flush };
    if context.method().is_some_and(|method| method.critical) {
        return connection.critical().publish(&answer);
    }
    // A lone call is answered where it came in: the answer carries the acknowledgement of the request's bytes, which
    // would be packets of their own otherwise. Under load two connections serve better.
    if here && context.is_alone() && connection.rx().publish(&answer).is_ok() {
        return Ok(());
    }
    connection.say(&answer)
}

fn lost(context: &Context, status: &Status) {
    metrics::counter!("bb_answers_lost_total").increment(1);
    tracing::warn!(method = context.method().map(|method| method.subject), %status, "answer lost");
}

type Panic = Box<dyn Any + Send>;

fn poll_caught(
    future: &mut BoxFuture<'static, Result<()>>,
    cx: &mut task::Context<'_>,
) -> Poll<Result<Result<()>, Panic>> {
    match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(succeeded)) => Poll::Ready(Ok(succeeded)),
        Err(panic) => Poll::Ready(Err(panic)),
    }
}

/// A handler in its context, with its panic as a value.
struct Caught<'a> {
    future: &'a mut BoxFuture<'static, Result<()>>,
    permit: &'a Permit,
    measured: bool,
    arrived: Instant,
}

impl Future for Caught<'_> {
    type Output = Result<Result<()>, Panic>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let _entered = this.permit.context.enter();
        let _spanned = this.permit.span.enter();
        if this.measured {
            return poll_caught(this.future, cx);
        }
        this.measured = true;
        let started = Instant::now();
        if let Some(times) = this.permit.method().times() {
            times.waited(started - this.arrived);
        }
        let polled = poll_caught(this.future, cx);
        this.permit.method().polled(started.elapsed());
        polled
    }
}
