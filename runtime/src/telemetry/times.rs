//! What is timed of each method, with handles that are looked up once.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use metrics::Histogram;

use crate::spec::MethodSpec;
use crate::status::{Code, Status};

/// What is timed of a method; series come into being as outcomes do.
#[derive(Debug)]
pub(crate) struct Times {
    method: &'static MethodSpec,
    calls: Outcomes,
    handlers: Outcomes,
    queue: OnceLock<Histogram>,
}

/// A series for each code, success first.
#[derive(Debug, Default)]
struct Outcomes([OnceLock<Histogram>; Code::ALL.len() + 1]);

/// Places in the table of methods; a process with more loses the times of the rest.
const METHODS_MAX: usize = 4096;

/// By the address of the method's static. A place that is taken stays so: methods are statics, too.
static METHODS: [OnceLock<&'static Times>; METHODS_MAX] = [const { OnceLock::new() }; METHODS_MAX];
/// Held while a method is added, so that it is added once.
static ADDING: Mutex<()> = Mutex::new(());

impl Times {
    /// What is timed of this method.
    pub(crate) fn of(method: &'static MethodSpec) -> Option<&'static Self> {
        Self::find(method, |place| place.get().copied()).or_else(|| Self::add(method))
    }

    fn add(method: &'static MethodSpec) -> Option<&'static Self> {
        let _adding = ADDING.lock().unwrap_or_else(PoisonError::into_inner);
        Self::find(method, |place| Some(place.get_or_init(|| Box::leak(Self::new(method)))))
    }

    /// Looks where the method is, or ought to be.
    fn find(
        method: &'static MethodSpec,
        look: impl Fn(&'static OnceLock<&'static Self>) -> Option<&'static Self>,
    ) -> Option<&'static Self> {
        let home = method.address() / align_of::<MethodSpec>();
        for step in 0..METHODS_MAX {
            let found = look(&METHODS[home.wrapping_add(step) % METHODS_MAX])?;
            if std::ptr::eq(found.method, method) {
                return Some(found);
            }
        }
        None
    }

    fn new(method: &'static MethodSpec) -> Box<Self> {
        let (calls, handlers, queue) = Default::default();
        Box::new(Self { method, calls, handlers, queue })
    }

    /// Notes a call that ended, as its caller saw it.
    pub(crate) fn called(&self, took: Duration, how: Result<(), &Status>) {
        let subject = self.method.subject;
        let series = self.calls.0[place(how)].get_or_init(
            || metrics::histogram!("bb_calls_seconds", "method" => subject, "code" => code(how)),
        );
        series.record(took);
    }

    /// Notes a call that ended, as its handler saw it.
    pub(crate) fn handled(&self, took: Duration, how: Result<(), &Status>) {
        let subject = self.method.subject;
        let series = self.handlers.0[place(how)].get_or_init(
            || metrics::histogram!("bb_handlers_seconds", "method" => subject, "code" => code(how)),
        );
        series.record(took);
    }

    /// Notes how long a request waited for its handler.
    pub(crate) fn waited(&self, time: Duration) {
        let subject = self.method.subject;
        let series =
            self.queue.get_or_init(|| metrics::histogram!("bb_queue_seconds", "method" => subject));
        series.record(time);
    }
}

fn code(how: Result<(), &Status>) -> &'static str {
    how.map_or_else(|status| status.code().name(), |()| "OK")
}

/// Where the series of an outcome is.
fn place(how: Result<(), &Status>) -> usize {
    let Err(status) = how else { return 0 };
    let number = usize::from(status.code().number());
    // The last code has a number of its own kind.
    if number < Code::ALL.len() { number } else { Code::ALL.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_place_of_its_own() {
        let failures = Code::ALL.iter().map(|code| place(Err(&Status::new(*code, ""))));
        let mut places: Vec<_> = failures.chain([place(Ok(()))]).collect();
        places.sort_unstable();
        assert_eq!(places, (0..=Code::ALL.len()).collect::<Vec<_>>());
    }
}
