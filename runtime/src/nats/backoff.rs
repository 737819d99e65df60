//! How long to wait before the next attempt.

use std::time::Duration;

/// Full jitter: a random time up to a limit that doubles ("Exponential Backoff And Jitter", AWS Architecture Blog,
/// 2015). It keeps clients that lost one server together from coming back together.
pub(super) struct Backoff {
    min: Duration,
    max: Duration,
    limit: Duration,
}

impl Backoff {
    pub(super) fn new(min: Duration, max: Duration) -> Self {
        Self { min, max, limit: min }
    }

    /// The next wait.
    pub(super) fn next(&mut self) -> Duration {
        let wait = self.limit.mul_f64(rand::random());
        self.limit = (self.limit * 2).min(self.max);
        wait
    }

    /// Starts over.
    pub(super) fn reset(&mut self) {
        self.limit = self.min;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_limit_and_are_random() {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));
        let waits: Vec<_> = (0..200).map(|_| backoff.next()).collect();
        assert!(waits[0] <= Duration::from_millis(50));
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(5)));
        assert!(waits[20..].iter().any(|wait| *wait > Duration::from_secs(2)));
        assert!(waits[20..].iter().any(|wait| *wait < Duration::from_secs(2)));
        backoff.reset();
        assert!(backoff.next() <= Duration::from_millis(50));
    }
}
