//! What a service itself knows of its health.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use tokio::time::timeout;

use super::{Health, UNTRIED};
use crate::connection::Connection;
use crate::status::{Result, Status};
use crate::transport::BoxFuture;

/// Pause between two rounds of checks.
const PAUSE: Duration = Duration::from_secs(1);
/// Time that one may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Something to be checked, and how.
#[derive(Clone)]
struct Check {
    what: Arc<str>,
    run: Arc<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>,
}

/// The checks of a service.
#[derive(Default)]
pub(crate) struct Checks(Mutex<Vec<Check>>);

impl Checks {
    pub(crate) fn add<F>(&self, what: &str, check: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let run = Arc::new(move || -> BoxFuture<'static, Result<()>> { Box::pin(check()) });
        let mut checks = self.lock();
        // Of two with one name, one that is well would hide that the other isn't.
        let (mut name, mut number) = (what.to_owned(), 1);
        while checks.iter().any(|check| *check.what == *name) {
            number += 1;
            name = format!("{what} {number}");
        }
        checks.push(Check { what: name.into(), run });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Check>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lock().iter().map(|check| Arc::clone(&check.what))).finish()
    }
}

/// Runs the checks of a service again and again. Nothing is ready before each has been tried.
pub(super) fn run(
    health: Health,
    name: String,
    connection: Connection,
) -> impl Future<Output = ()> {
    let of = move |check: &Check| format!("{name}: check {}", check.what);
    for check in &*connection.checks().lock() {
        health.trouble(&of(check), UNTRIED);
    }
    async move {
        loop {
            let checks = connection.checks().lock().clone();
            for check in &checks {
                let late = || Status::deadline_exceeded(format!("it took more than {TIMEOUT:?}"));
                let checked = timeout(TIMEOUT, unwinding(check)).await;
                match checked.unwrap_or_else(|_| Err(late())) {
                    Ok(()) => health.well(&of(check)),
                    Err(status) => health.trouble(&of(check), status.message()),
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Runs a check. One that panics has failed; the others, and its next turn, go on.
async fn unwinding(check: &Check) -> Result<()> {
    let checked = AssertUnwindSafe(async { (check.run)().await }).catch_unwind().await;
    checked.unwrap_or_else(|_| Err(Status::internal("it panicked")))
}
