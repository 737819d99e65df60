//! What generated mocks are made of.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;

use crate::bus::Bus;
use crate::connection::Connection;
use crate::context::Context;
use crate::server::IntoService;
use crate::status::{Result, Status};
use crate::transport::BoxFuture;

type Closure<Q, R, E> = dyn Fn(Context, Q) -> BoxFuture<'static, Result<R, E>> + Send + Sync;

/// What a mock answers to one method; nothing until a test says so.
pub struct Answer<Q, R, E = Status>(Option<Arc<Closure<Q, R, E>>>);

impl<Q, R, E> Answer<Q, R, E> {
    /// Answers with what a closure returns.
    #[must_use]
    pub fn new<F, A>(answer: F) -> Self
    where
        F: Fn(Context, Q) -> A + Send + Sync + 'static,
        A: Future<Output = Result<R, E>> + Send + 'static,
    {
        Self(Some(Arc::new(move |context, request| Box::pin(answer(context, request)))))
    }
}

impl<Q, R, E> Clone for Answer<Q, R, E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<Q, R, E> Default for Answer<Q, R, E> {
    fn default() -> Self {
        Self(None)
    }
}

impl<Q, R, E> fmt::Debug for Answer<Q, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Answer" } else { "None" })
    }
}

/// What was called, in order. Clones share the list.
#[derive(Debug, Clone, Default)]
pub struct Calls(Arc<Mutex<Vec<&'static str>>>);

impl Calls {
    /// Notes a call and gives its answer.
    ///
    /// # Errors
    /// `UNIMPLEMENTED` when the mock has no answer to the method, and whatever the answer fails with.
    pub async fn answer<Q, R, E: From<Status>>(
        &self,
        method: &'static str,
        answer: &Answer<Q, R, E>,
        context: &Context,
        request: Q,
    ) -> Result<R, E> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(method);
        match &answer.0 {
            Some(answer) => answer(context.clone(), request).await,
            None => {
                Err(Status::unimplemented(format!("the mock has no answer to {method}")).into())
            }
        }
    }

    /// Lists what was called so far.
    #[must_use]
    pub fn list(&self) -> Vec<&'static str> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Serves a mock on a bus of its own and connects to that.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn serve(&self, mock: impl IntoService) -> Connection {
        let bus = Bus::new();
        let (server, mock) = (Connection::local(&bus, "mock"), mock.into_service());
        let mut serving = Box::pin(async move { server.serve(mock).await });
        // The first poll subscribes; what is left is to hear that the bus knows, and a call that is made now comes after.
        match (&mut serving).now_or_never() {
            Some(Ok(_)) => {}
            Some(Err(status)) => unreachable!("a bus takes every subscription: {status}"),
            None => drop(tokio::spawn(serving)),
        }
        Connection::local(&bus, "test")
    }
}
