//! The frames of a stream as they arrive.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::Stream;
use prost::Message;
use tokio::task::AbortHandle;

use super::Inlet;
use super::packet::Frames;
use super::raw::Raw;
use super::split::{self, Assembly};
use crate::content::Space;
use crate::mux::StreamSlot;
use crate::seal::Guard;
use crate::status::{Result, Status};
use crate::telemetry::watched::Watched;

/// The frames of a stream as they arrive: in order, without holes, with one end. Dropping it stops the producer.
///
/// A failure is the last item; the frames before it are those the producer sent first.
pub struct Inbound<T> {
    inlet: Arc<Inlet>,
    /// Keeps the inbox open.
    _slot: Arc<StreamSlot>,
    /// The task that sends the requests of the same call.
    upload: Option<AbortHandle>,
    current: Frames,
    taken: VecDeque<Frames>,
    assembly: Assembly,
    report_frames: u64,
    unreported_frames: u64,
    unreported_bytes: u64,
    is_over: bool,
    /// The call that the stream answers.
    watched: Option<Watched>,
    /// Opens the frames, where they have sensitive fields.
    guard: Option<Guard>,
    frame: PhantomData<fn() -> T>,
}

impl<T> Inbound<T> {
    pub(crate) fn new(
        inlet: Arc<Inlet>,
        slot: Arc<StreamSlot>,
        upload: Option<AbortHandle>,
    ) -> Self {
        Self {
            report_frames: inlet.report_frames(),
            assembly: Assembly::new(inlet.bytes_max()),
            inlet,
            _slot: slot,
            upload,
            current: Frames::default(),
            taken: VecDeque::new(),
            unreported_frames: 0,
            unreported_bytes: 0,
            is_over: false,
            watched: None,
            guard: None,
            frame: PhantomData,
        }
    }

    /// Holds parts of frames beside other streams, within what all of them may.
    pub(crate) fn beside_others(mut self, partial: Arc<Space>) -> Self {
        self.assembly.beside_others(partial);
        self
    }

    /// Watches the call that the stream answers, to the stream's end.
    pub(crate) fn watched(mut self, watched: Option<Watched>) -> Self {
        self.watched = watched;
        self
    }

    /// Opens the sensitive fields of frames.
    pub(crate) fn opening(mut self, guard: Option<Guard>) -> Self {
        self.guard = guard;
        self
    }

    fn end(&mut self, how: Result<(), &Status>) {
        self.is_over = true;
        Watched::end(&mut self.watched, how);
    }

    fn report(&mut self) {
        if self.unreported_frames > 0 {
            self.inlet.consumed(self.unreported_frames, self.unreported_bytes);
            self.unreported_frames = 0;
            self.unreported_bytes = 0;
        }
    }
}

impl<T: Message + Default> Inbound<T> {
    /// The next frame; `None` after the last one of a stream that succeeded, and after its failure.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|cx| self.poll_as(cx, |frame| frame)).await
    }

    /// The next frame; `Ok(None)` at the end.
    pub async fn message(&mut self) -> Result<Option<T>> {
        poll_fn(|cx| self.poll_as(cx, Option::transpose)).await
    }

    /// Every frame that is left.
    pub async fn collect(mut self) -> Result<Vec<T>> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            frames.push(frame?);
        }
        Ok(frames)
    }
}

/// Reads a frame, its sensitive fields opened.
fn open<T: Message + Default>(guard: &Guard, frame: Result<Raw>) -> Result<T> {
    let Raw(frame) = frame?;
    split::decode(&Guard::open_with(Some(guard), frame)?)
}

impl<T: Message + Default> Inbound<T> {
    /// Polls for the next frame, as what the caller makes of it. Most are short, and of a message that is being read: they
    /// take a short way, on which they aren't moved before they are what is returned.
    #[inline]
    fn poll_as<R>(
        &mut self,
        cx: &mut Context<'_>,
        make: impl FnOnce(Option<Result<T>>) -> R,
    ) -> Poll<R> {
        if self.unreported_frames + 1 < self.report_frames
            && self.guard.is_none()
            && self.watched.is_none()
            && !self.assembly.is_within()
            && let Some(bytes) = self.current.next_short()
        {
            self.unreported_frames += 1;
            self.unreported_bytes += bytes.len() as u64;
            let mut frame = T::default();
            return Poll::Ready(match frame.merge(bytes) {
                Ok(()) => make(Some(Ok(frame))),
                Err(error) => make(Some(Err(self.refuse(split::malformed(&error))))),
            });
        }
        self.poll_any(cx).map(make)
    }

    /// Polls for the next frame, whatever it takes.
    fn poll_any(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        loop {
            if let Some((kind, bytes)) = self.current.next() {
                self.unreported_frames += 1;
                self.unreported_bytes += bytes.len() as u64;
                let decoded = match &self.guard {
                    None => self.assembly.take(kind, bytes),
                    Some(guard) => self.assembly.take(kind, bytes).map(|raw| open(guard, raw)),
                };
                if self.unreported_frames >= self.report_frames {
                    self.report();
                }
                let Some(decoded) = decoded else { continue };
                if let Some(watched) = &mut self.watched {
                    watched.frame();
                }
                return Poll::Ready(Some(decoded.map_err(|status| self.refuse(status))));
            }
            if let Some(frames) = self.taken.pop_front() {
                self.current = frames;
                continue;
            }
            self.current = Frames::default();
            self.report();
            match ready!(self.inlet.poll_take(cx, &mut self.taken)) {
                Some(Ok(())) => {}
                Some(Err(status)) => {
                    self.end(Err(&status));
                    return Poll::Ready(Some(Err(status)));
                }
                None if self.assembly.is_within() => {
                    let status = Status::data_loss("the stream ended within a frame");
                    self.end(Err(&status));
                    return Poll::Ready(Some(Err(status)));
                }
                None => {
                    self.end(Ok(()));
                    return Poll::Ready(None);
                }
            }
        }
    }

    /// Ends the stream with a frame that can't be read.
    #[cold]
    fn refuse(&mut self, status: Status) -> Status {
        self.end(Err(&status));
        self.current = Frames::default();
        self.inlet.fail(status.clone());
        status
    }
}

impl<T: Message + Default> Stream for Inbound<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        self.poll_as(cx, |frame| frame)
    }
}

impl<T> Drop for Inbound<T> {
    fn drop(&mut self) {
        // Nothing happens to a stream that has ended.
        self.inlet.fail(Status::cancelled("the stream was dropped"));
        if let Some(upload) = &self.upload {
            upload.abort();
        }
    }
}

impl<T> fmt::Debug for Inbound<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound").field("is_over", &self.is_over).finish_non_exhaustive()
    }
}
