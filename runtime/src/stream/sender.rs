//! Streams written as a task: `tx.send(frame).await`, which waits for credit.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures::Stream;

use crate::status::{Result, Status};
use crate::transport::BoxFuture;

/// Frames that may be ready before the stream takes them: enough to be taken in one go, not enough to be memory.
const READY_FRAMES_MAX: usize = 32;

/// Sends the frames of a stream made by [`super::Outbound::spawn`].
pub struct Sender<T>(Arc<Mutex<Channel<T>>>);

struct Channel<T> {
    ready: VecDeque<Result<T>>,
    senders: usize,
    waiting: Vec<Waker>,
    taker: Option<Waker>,
    closed: bool,
}

/// What the task of a stream may return: nothing, or how it went.
pub trait Outcome {
    /// How the stream ends.
    fn outcome(self) -> Result<()>;
}

impl Outcome for () {
    fn outcome(self) -> Result<()> {
        Ok(())
    }
}

impl Outcome for Result<()> {
    fn outcome(self) -> Result<()> {
        self
    }
}

impl<T> Sender<T> {
    /// Sends a frame; completes when the stream has room for it, that is, while the reader grants credit.
    ///
    /// # Errors
    /// `CANCELLED` when the reader has gone.
    pub async fn send(&self, frame: T) -> Result<()> {
        let mut frame = Some(frame);
        poll_fn(|cx| {
            let mut channel = lock(&self.0);
            if channel.closed {
                return Poll::Ready(Err(Status::cancelled("the reader has gone")));
            }
            if channel.ready.len() >= READY_FRAMES_MAX {
                if !channel.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                    channel.waiting.push(cx.waker().clone());
                }
                return Poll::Pending;
            }
            if let Some(frame) = frame.take() {
                channel.ready.push_back(Ok(frame));
                channel.wake_taker(cx.waker());
            }
            Poll::Ready(Ok(()))
        })
        .await
    }
}

impl<T> Channel<T> {
    /// Wakes who takes frames, unless that is who is running now.
    fn wake_taker(&mut self, running: &Waker) {
        if self.taker.as_ref().is_some_and(|taker| !taker.will_wake(running))
            && let Some(taker) = self.taker.take()
        {
            taker.wake();
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        lock(&self.0).senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut channel = lock(&self.0);
        channel.senders -= 1;
        if channel.senders == 0
            && let Some(taker) = channel.taker.take()
        {
            drop(channel);
            taker.wake();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("ready", &lock(&self.0).ready.len()).finish_non_exhaustive()
    }
}

/// A stream that a future fills; it runs where the stream is polled.
pub(super) struct Spawned<T> {
    channel: Arc<Mutex<Channel<T>>>,
    taken: VecDeque<Result<T>>,
    future: Option<BoxFuture<'static, Result<()>>>,
}

impl<T: Send + 'static> Spawned<T> {
    pub(super) fn new<F, O>(make: impl FnOnce(Sender<T>) -> F) -> Self
    where
        F: Future<Output = O> + Send + 'static,
        O: Outcome,
    {
        let channel = Arc::new(Mutex::new(Channel {
            ready: VecDeque::new(),
            senders: 1,
            waiting: Vec::new(),
            taker: None,
            closed: false,
        }));
        let future = make(Sender(Arc::clone(&channel)));
        let future = Box::pin(async move { future.await.outcome() });
        Self { channel, taken: VecDeque::new(), future: Some(future) }
    }
}

// Nothing in it is pinned in place.
impl<T> Unpin for Spawned<T> {}

impl<T> Stream for Spawned<T> {
    type Item = Result<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        let this = self.get_mut();
        if let Some(frame) = this.taken.pop_front() {
            return Poll::Ready(Some(frame));
        }
        let mut failure = None;
        if let Some(future) = &mut this.future
            && let Poll::Ready(how) = future.as_mut().poll(cx)
        {
            this.future = None;
            failure = how.err();
        }
        let mut channel = lock(&this.channel);
        if let Some(status) = failure {
            channel.ready.push_back(Err(status));
        }
        std::mem::swap(&mut this.taken, &mut channel.ready);
        let waiting = std::mem::take(&mut channel.waiting);
        let over = channel.senders == 0 && this.future.is_none();
        channel.taker = Some(cx.waker().clone());
        drop(channel);
        let frame = this.taken.pop_front();
        // The future in here is polled again when its frames have been taken; only others need a call.
        waiting
            .into_iter()
            .filter(|waker| frame.is_none() || !waker.will_wake(cx.waker()))
            .for_each(Waker::wake);
        match frame {
            Some(frame) => Poll::Ready(Some(frame)),
            None if over => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for Spawned<T> {
    fn drop(&mut self) {
        let mut channel = lock(&self.channel);
        channel.closed = true;
        let waiting = std::mem::take(&mut channel.waiting);
        drop(channel);
        waiting.into_iter().for_each(Waker::wake);
    }
}

fn lock<T>(channel: &Mutex<Channel<T>>) -> MutexGuard<'_, Channel<T>> {
    channel.lock().unwrap_or_else(PoisonError::into_inner)
}
