//! What a handler knows about the call it answers.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{self, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Extensions;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::headers::{self, Headers, name};
use crate::spec::MethodSpec;
use crate::subject::Subject;

/// What a handler knows about the call it answers. Cheap to clone; one a call.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    method: Option<&'static MethodSpec>,
    deadline: Option<Instant>,
    block: Option<Bytes>,
    headers: OnceLock<Headers>,
    cancelled: AtomicBool,
    wake: Notify,
    /// Where the answer goes, checked.
    reply: Option<Subject>,
    /// Whether the handler still runs on the task that reads the connection.
    on_reading_task: AtomicBool,
    /// Whether the call came alone, with hardly another one being read.
    alone: bool,
    /// What layers leave for the handler.
    extensions: OnceLock<Mutex<Extensions>>,
}

impl Context {
    /// Makes the context of a call or a delivery from what arrived; `headers` is the block as it came.
    #[must_use]
    pub fn new(
        method: Option<&'static MethodSpec>,
        deadline: Option<Instant>,
        headers: Option<Bytes>,
    ) -> Self {
        Self::make(method, deadline, headers, None, false)
    }

    /// Makes the context of a call that was admitted.
    pub(crate) fn of_call(
        method: &'static MethodSpec,
        deadline: Option<Instant>,
        headers: Option<Bytes>,
        reply: Subject,
        alone: bool,
    ) -> Self {
        Self::make(Some(method), deadline, headers, Some(reply), alone)
    }

    fn make(
        method: Option<&'static MethodSpec>,
        deadline: Option<Instant>,
        headers: Option<Bytes>,
        reply: Option<Subject>,
        alone: bool,
    ) -> Self {
        Self(Arc::new(Inner {
            method,
            deadline,
            block: headers,
            headers: OnceLock::new(),
            cancelled: AtomicBool::new(false),
            wake: Notify::new(),
            on_reading_task: AtomicBool::new(reply.is_some()),
            alone,
            reply,
            extensions: OnceLock::new(),
        }))
    }

    /// The context whose handler is running now on this task, if any.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// When the caller gives up.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }

    /// Time left until the deadline; zero when it has passed.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.0.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Whether nobody waits for the answer any more.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    /// Completes when nobody waits for the answer any more. A handler itself is dropped then; this is for what it
    /// has started elsewhere.
    pub async fn cancelled(&self) {
        loop {
            let woken = self.0.wake.notified();
            if self.is_cancelled() {
                return;
            }
            woken.await;
        }
    }

    /// Headers of the request.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        self.0.headers.get_or_init(|| headers::decode(self.0.block.as_ref()))
    }

    /// The method that is called; `None` while an event is handled.
    #[must_use]
    pub fn method(&self) -> Option<&'static MethodSpec> {
        self.0.method
    }

    /// The caller's idempotency key.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        self.header(name::IDEMPOTENCY_KEY)
    }

    /// Which attempt of the call this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.header(name::ATTEMPT).and_then(|text| text.parse().ok()).unwrap_or(1)
    }

    /// Who says to be calling; a help for people, never authority.
    #[must_use]
    pub fn caller(&self) -> Option<&str> {
        self.header(name::CALLER)
    }

    /// The service that calls, by the inbox that the answer goes to, which permissions keep for it. For who isn't of this
    /// runtime, whatever its inbox begins with. `None` while an event is handled.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.reply()?.as_str().split('.').nth(1)
    }

    /// The wall clock's time.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    /// Leaves a value for whoever comes later in the same call: one of each type.
    pub fn insert<T: Clone + Send + Sync + 'static>(&self, value: T) {
        let extensions = self.0.extensions.get_or_init(Mutex::default);
        extensions.lock().unwrap_or_else(PoisonError::into_inner).insert(value);
    }

    /// Finds the value of a type that was left.
    #[must_use]
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        let extensions = self.0.extensions.get()?;
        extensions.lock().unwrap_or_else(PoisonError::into_inner).get().cloned()
    }

    /// Where the answer goes, checked; `None` when this isn't a call.
    pub(crate) fn reply(&self) -> Option<&Subject> {
        self.0.reply.as_ref()
    }

    /// Whether what is published now is pushed at the end of the batch that is being read.
    pub(crate) fn is_on_reading_task(&self) -> bool {
        self.0.on_reading_task.load(Ordering::Relaxed)
    }

    /// Whether the call came alone, with hardly another one being read.
    pub(crate) fn is_alone(&self) -> bool {
        self.0.alone
    }

    /// Notes that the handler gets a task of its own.
    pub(crate) fn leave_reading_task(&self) {
        self.0.on_reading_task.store(false, Ordering::Relaxed);
    }

    /// Whether both are of one call.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Says that nobody waits any more.
    pub(crate) fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
        self.0.wake.notify_waiters();
    }

    /// Makes this the current context until the guard is dropped.
    pub(crate) fn enter(&self) -> Entered {
        Entered(CURRENT.replace(Some(self.clone())))
    }

    /// Makes this the current context whenever the future is polled, so that calls in it inherit the deadline.
    pub(crate) fn scope<F: ?Sized>(&self, future: Pin<Box<F>>) -> Scope<F> {
        Scope { context: self.clone(), future }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.0.block.as_ref()?;
        self.headers().get(name)
    }
}

impl Default for Context {
    /// A context without method, deadline or headers, for tests and background work.
    fn default() -> Self {
        Self::new(None, None, None)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("method", &self.0.method.map(|method| method.subject))
            .field("remaining", &self.remaining())
            .field("cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Context>> = const { RefCell::new(None) };
}

/// Restores the context that was current before.
pub(crate) struct Entered(Option<Context>);

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// A future that runs in a context.
pub(crate) struct Scope<F: ?Sized> {
    context: Context,
    future: Pin<Box<F>>,
}

impl<F: Future + ?Sized> Future for Scope<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let _entered = self.context.enter();
        self.future.as_mut().poll(cx)
    }
}
