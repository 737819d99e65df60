//! The attempts of one method's calls.
//!
//! The first is sent as a call without layers is, and its answer read where it lies. Only if it fails or dawdles is the
//! request copied and the rest put together: nearly every call ends before that.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{self, Poll};

use bytes::Bytes;
use tokio::time::Instant;

use super::breaker::{Admitted, Breaker};
use super::budget::Budget;
use super::wire::{self, InFlight, Trial};
use super::{Request, Response, hedge, retry};
use crate::headers::Headers;
use crate::spec::MethodSpec;
use crate::status::{Result, Status};
use crate::transport::{Body, BoxFuture};

/// What makes the calls of one method, and makes them again.
#[derive(Debug)]
pub(crate) struct Attempts {
    method: &'static MethodSpec,
    breaker: Option<Arc<Breaker>>,
    budget: Arc<Budget>,
}

impl Attempts {
    pub(super) fn new(method: &'static MethodSpec, budget: &Arc<Budget>) -> Arc<Self> {
        let breaker = method.policy.breaker.map(|policy| Breaker::new(policy, method.subject));
        Arc::new(Self { method, breaker: breaker.map(Arc::new), budget: Arc::clone(budget) })
    }

    pub(super) fn method(&self) -> &'static MethodSpec {
        self.method
    }

    pub(super) fn breaker(&self) -> Option<&Arc<Breaker>> {
        self.breaker.as_ref()
    }

    /// Makes a call from its first attempt to its last.
    pub(super) fn call(
        self: Arc<Self>,
        request: Request,
        now: Instant,
    ) -> BoxFuture<'static, Result<Response>> {
        Box::pin(async move {
            let body = request.body.clone();
            let mut first = First::send(self, request, &body, now)?;
            match poll_fn(|cx| first.poll(cx, |headers, body| Ok(wire::copy(headers, body)))).await
            {
                Step::Ended(result) => result,
                Step::Trouble(trouble) => first.go_on(body, trouble).await,
            }
        })
    }

    /// Makes what attempts are left after the first, and ends with the outcome of the last.
    async fn go_on(
        &self,
        request: &Request,
        mut trial: Trial,
        trouble: Trouble,
    ) -> Result<Response> {
        let Self { method, budget, .. } = self;
        let hedge = method.policy.hedge.as_ref();
        let retry = method.policy.retry.as_ref();
        let mut result = match trouble {
            Trouble::Failed(status) => Err(status),
            Trouble::Dawdles(flight) => hedge::beside(*flight, hedge, budget, request, trial).await,
        };
        loop {
            match result {
                Ok(response) => return Ok(response),
                Err(status) => trial = retry::next(retry, budget, request, trial, status).await?,
            }
            result = hedge::call(hedge, budget, request, trial).await;
        }
    }
}

/// A call whose first attempt is under way. The breaker sees all of it.
pub(crate) struct First {
    attempts: Arc<Attempts>,
    admitted: Option<Admitted>,
    request: Request,
    trial: Trial,
    flight: Option<InFlight>,
}

/// How a first attempt went on.
pub(crate) enum Step<T> {
    /// The call is over.
    Ended(Result<T>),
    /// There is more to be done.
    Trouble(Trouble),
}

/// Why a first attempt wasn't all.
pub(crate) enum Trouble {
    /// It failed in a way that another attempt may mend.
    Failed(Status),
    /// Its answer takes long enough for another attempt beside it.
    Dawdles(Box<InFlight>),
}

impl First {
    /// Sends the first attempt of a call that begins now, with a body that the request needn't have yet.
    pub(crate) fn send(
        attempts: Arc<Attempts>,
        request: Request,
        body: &dyn Body,
        now: Instant,
    ) -> Result<Box<Self>> {
        let Attempts { method, breaker, budget } = &*attempts;
        let admitted = breaker.as_ref().map(|breaker| Admitted::ask(breaker, now)).transpose()?;
        budget.called();
        let trial = Trial::new(1, now, method.policy.retry.as_ref());
        let alarm = hedge::alarm(method.policy.hedge.as_ref(), &request, trial);
        let flight = Some(wire::send(&request, body, trial, alarm));
        Ok(Box::new(Self { attempts, admitted, request, trial, flight }))
    }

    /// Waits for the answer, and reads it where it lies.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut task::Context<'_>,
        read: impl FnOnce(&Headers, &[u8]) -> Result<T>,
    ) -> Poll<Step<T>> {
        let Some(flight) = &mut self.flight else {
            return Poll::Ready(Step::Ended(Err(wire::polled_too_often())));
        };
        match flight.poll_answer(cx, read) {
            Poll::Ready(result) => {
                self.flight = None;
                Poll::Ready(self.landed(result))
            }
            Poll::Pending if flight.rang() => match self.flight.take() {
                Some(flight) => Poll::Ready(Step::Trouble(Trouble::Dawdles(Box::new(flight)))),
                None => Poll::Pending,
            },
            Poll::Pending => Poll::Pending,
        }
    }

    /// Makes the rest of the call; for that the request must have its body.
    pub(crate) async fn go_on(
        mut self: Box<Self>,
        body: Bytes,
        trouble: Trouble,
    ) -> Result<Response> {
        self.request.body = body;
        let result = self.attempts.go_on(&self.request, self.trial, trouble).await;
        self.ended(result.as_ref().err());
        result
    }

    fn landed<T>(&mut self, result: Result<T>) -> Step<T> {
        let retry = self.attempts.method.policy.retry.as_ref();
        match result {
            Err(status) if retry::may_help(retry, &self.request, &status) => {
                Step::Trouble(Trouble::Failed(status))
            }
            result => {
                self.ended(result.as_ref().err());
                Step::Ended(result)
            }
        }
    }

    fn ended(&mut self, error: Option<&Status>) {
        if let Some(admitted) = self.admitted.take() {
            admitted.ended(error, self.trial.now);
        }
    }
}
