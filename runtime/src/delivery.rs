//! An event on its way to a handler.

use std::fmt;
use std::future::Future;

use bytes::Bytes;
use prost::Message;

use crate::context::Context;
use crate::status::{Result, Status};
use crate::transport::BoxFuture;

/// An event on its way to a handler.
pub struct Delivery {
    context: Context,
    payload: Bytes,
}

impl Delivery {
    /// Makes a delivery of what arrived.
    #[must_use]
    pub fn new(context: Context, payload: Bytes) -> Self {
        Self { context, payload }
    }

    /// What the handler will know.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Decodes the event and runs the handler.
    pub fn handle<E, H, F>(self, handler: H) -> BoxFuture<'static, Result<()>>
    where
        E: Message + Default,
        H: FnOnce(Context, E) -> F,
        F: Future<Output = Result<()>> + Send + 'static,
    {
        match E::decode(&*self.payload) {
            Ok(event) => {
                let context = self.context.clone();
                Box::pin(context.scope(Box::pin(handler(self.context, event))))
            }
            Err(error) => {
                let status = Status::invalid_argument(format!("the event is malformed: {error}"));
                Box::pin(std::future::ready(Err(status)))
            }
        }
    }

    /// Refuses an event of a consumer that the service doesn't have.
    #[must_use]
    pub fn unknown(self) -> BoxFuture<'static, Result<()>> {
        Box::pin(std::future::ready(Err(Status::unimplemented("the service has no such consumer"))))
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("bytes", &self.payload.len()).finish_non_exhaustive()
    }
}
