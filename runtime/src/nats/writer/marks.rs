//! Where requests lie in a write buffer and when they expire, so that what was held up isn't sent for nothing.

use tokio::time::Instant;

/// Marks of one buffer, in order.
#[derive(Default)]
pub(super) struct Marks(Vec<Mark>);

struct Mark {
    start: usize,
    end: usize,
    expires: Instant,
}

impl Marks {
    pub(super) fn add(&mut self, start: usize, end: usize, expires: Instant) {
        self.0.push(Mark { start, end, expires });
    }

    /// Takes the marks and leaves none.
    pub(super) fn take(&mut self) -> Self {
        Self(std::mem::take(&mut self.0))
    }

    /// Removes expired requests from the bytes, but for what lies before `written`; tells how many.
    pub(super) fn drop_expired(
        &mut self,
        bytes: &mut Vec<u8>,
        written: usize,
        now: Instant,
    ) -> usize {
        let marks = std::mem::take(&mut self.0);
        let expired: Vec<_> =
            marks.iter().filter(|mark| mark.start >= written && mark.expires <= now).collect();
        let count = expired.len();
        if count > 0 {
            let mut kept = Vec::with_capacity(bytes.len());
            let mut from = 0;
            for mark in expired {
                kept.extend_from_slice(&bytes[from..mark.start]);
                from = mark.end;
            }
            kept.extend_from_slice(&bytes[from..]);
            *bytes = kept;
        } else {
            self.0 = marks;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn expired_requests_are_cut_out_and_the_rest_stays_in_order() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let mut bytes = b"aaBBccDDee".to_vec();
        let mut marks = Marks::default();
        marks.add(2, 4, now);
        marks.add(4, 6, later);
        marks.add(6, 8, now);
        assert_eq!(marks.drop_expired(&mut bytes, 0, now), 2);
        assert_eq!(bytes, b"aaccee");
    }

    #[test]
    fn what_is_half_written_stays_whole() {
        let now = Instant::now();
        let mut bytes = b"aaBB".to_vec();
        let mut marks = Marks::default();
        marks.add(0, 2, now);
        marks.add(2, 4, now);
        assert_eq!(marks.drop_expired(&mut bytes, 1, now), 1);
        assert_eq!(bytes, b"aa");
    }
}
