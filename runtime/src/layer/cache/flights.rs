//! Calls that are under way for whoever wants their answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::epochs::Stamp;
use super::key::Key;
use crate::layer::Response;
use crate::status::{Result, Status};

/// What a call has brought, once it has.
pub(super) type Outcome = Option<Result<Response>>;

/// A call that is under way.
#[derive(Debug)]
pub(super) struct Flight {
    /// What it was made under: who asks after an event doesn't wait for it.
    pub(super) stamp: Option<Stamp>,
    pub(super) outcome: watch::Receiver<Outcome>,
}

/// The latest call for each answer.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<Key, Arc<Flight>>>);

impl Flight {
    /// Waits for what it brings.
    pub(super) async fn landed(&self) -> Result<Response> {
        let mut outcome = self.outcome.clone();
        let landed = outcome.wait_for(Option::is_some).await.ok().and_then(|it| it.clone());
        landed.unwrap_or_else(|| Err(Status::internal("the call that was waited for broke off")))
    }
}

impl Flights {
    /// Takes a call out of them; `false` when a later one is in its place.
    pub(super) fn take(
        flights: &mut HashMap<Key, Arc<Flight>>,
        key: &Key,
        flight: &Arc<Flight>,
    ) -> bool {
        let is_there = flights.get(key).is_some_and(|it| Arc::ptr_eq(it, flight));
        if is_there {
            flights.remove(key);
        }
        is_there
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<Key, Arc<Flight>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a call holds while it is under way: it leaves nothing behind, whatever becomes of it.
    pub(super) fn seat<'a>(&'a self, key: &Key, flight: &Arc<Flight>) -> Seat<'a> {
        Seat { flights: self, key: key.clone(), flight: Arc::clone(flight) }
    }
}

/// A place among the calls.
pub(super) struct Seat<'a> {
    flights: &'a Flights,
    key: Key,
    flight: Arc<Flight>,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        Flights::take(&mut self.flights.lock(), &self.key, &self.flight);
    }
}
