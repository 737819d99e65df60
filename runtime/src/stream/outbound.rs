//! The frames of a stream before they are sent.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::{Stream, StreamExt as _, stream};

use super::sender::{Outcome, Sender, Spawned};
use crate::status::Result;

/// The frames of a stream before they are sent. It is asked for a frame only when the reader has granted credit for
/// it, and dropped when the reader goes.
///
/// ```
/// # use bodybroker_runtime::stream::Outbound;
/// let known: Outbound<u32> = vec![1, 2, 3].into();
/// let made = Outbound::spawn(|tx| async move {
///     for n in 0..1000_u32 {
///         tx.send(n).await?;
///     }
///     Ok(())
/// });
/// ```
pub struct Outbound<T>(Pin<Box<dyn Stream<Item = Result<T>> + Send>>);

impl<T: Send + 'static> Outbound<T> {
    /// Wraps a stream. The first failure ends it.
    pub fn new(stream: impl Stream<Item = Result<T>> + Send + 'static) -> Self {
        Self(Box::pin(stream))
    }

    /// Runs a future that sends the frames. It runs where the stream is sent, not on a task of its own; a few frames
    /// may be ready before they are taken.
    pub fn spawn<F, O>(make: impl FnOnce(Sender<T>) -> F) -> Self
    where
        F: Future<Output = O> + Send + 'static,
        O: Outcome,
    {
        Self(Box::pin(Spawned::new(make)))
    }

    /// Sends what an iterator yields.
    pub fn iter<I>(frames: I) -> Self
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: Send + 'static,
    {
        Self(Box::pin(stream::iter(frames).map(Ok)))
    }

    /// Sends one frame, or a failure.
    pub(crate) fn once(frame: Result<T>) -> Self {
        Self(Box::pin(stream::iter([frame])))
    }
}

impl<T: Send + 'static> From<Vec<T>> for Outbound<T> {
    fn from(frames: Vec<T>) -> Self {
        Self::iter(frames)
    }
}

impl<T> Stream for Outbound<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl<T> fmt::Debug for Outbound<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbound")
    }
}
