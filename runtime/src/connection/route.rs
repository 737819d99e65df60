//! Over which strand a connection speaks.

use std::sync::Arc;

use super::Connection;
use crate::status::{Code, Result};
use crate::transport::{Flush, Outgoing};

impl Connection {
    /// The same connection over the strand with this number.
    pub(crate) fn over_strand(&self, strand: usize) -> Self {
        Self { inner: Arc::clone(&self.inner), strand }
    }

    /// Goes on over the strand that is best for a call that begins now.
    pub(crate) fn choose(&mut self) {
        self.strand = self.inner.strands.choose();
    }

    /// The same connection over the strand that is best for a call that begins now.
    pub(crate) fn chosen(&self) -> Self {
        self.over_strand(self.inner.strands.choose())
    }

    /// The same connection over this strand, or over another while nothing can be published over this one.
    pub(crate) fn or_other(&self) -> Self {
        let other = || self.inner.strands.other(self.strand);
        let strand = if self.tx().is_up() { None } else { other() };
        self.over_strand(strand.unwrap_or(self.strand))
    }

    /// Publishes over this strand, or over another while nothing can be published over this one.
    pub(crate) fn say(&self, message: &Outgoing<'_>) -> Result<()> {
        let Err(status) = self.tx().publish(message) else { return Ok(()) };
        let other = || self.inner.strands.other(self.strand);
        match (status.code() == Code::Unavailable).then(other).flatten() {
            // Nobody pushes it there.
            Some(other) => {
                self.strands()[other].tx().publish(&Outgoing { flush: Flush::Soon, ..*message })
            }
            None => Err(status),
        }
    }

    /// Completes when the servers have processed everything that was published.
    pub(crate) async fn flush(&self) -> Result<()> {
        self.inner.strands.flush().await
    }

    /// Whether nothing can be published.
    pub(crate) fn is_down(&self) -> bool {
        self.inner.strands.is_down()
    }

    /// Completes when something can be published; `false` when that will never be.
    pub(crate) async fn up(&self) -> bool {
        self.inner.strands.up().await
    }
}
