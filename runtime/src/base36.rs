//! How a deadline travels: in the last token of a reply subject, as the time that was left and the time of sending.
//!
//! Two facts, because each alone deceives: the time left knows nothing of the minutes a message spent in a buffer,
//! and the time of sending trusts the sender's clock. The receiver takes the earlier of what they say, and allows
//! the clocks to differ by [`CLOCK_SKEW_MAX`].

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// How far two machines' clocks may differ before a deadline is misjudged.
pub(crate) const CLOCK_SKEW_MAX: Duration = Duration::from_millis(250);

/// Steps in which the time of sending is told, well below [`CLOCK_SKEW_MAX`]. The calls of one slot then share a reply
/// subject for a while: a server remembers who listens on a subject, and each new one costs it a search.
const SENT_STEP_MS: u64 = 64;

/// A deadline on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    remaining_ms: u64,
    sent_ms: u64,
}

impl Token {
    /// Notes what is left now.
    pub(crate) fn new(remaining: Duration) -> Self {
        let now = epoch_ms();
        Self { remaining_ms: millis(remaining), sent_ms: now - now % SENT_STEP_MS }
    }

    /// Writes the token, such as `ds-m9k3x1a0`.
    pub(crate) fn write(self, out: &mut String) {
        base36(self.remaining_ms, out);
        out.push('-');
        base36(self.sent_ms, out);
    }

    /// Reads a token.
    pub(crate) fn parse(token: &[u8]) -> Option<Self> {
        let dash = token.iter().position(|byte| *byte == b'-')?;
        Some(Self {
            remaining_ms: parse_base36(&token[..dash])?,
            sent_ms: parse_base36(&token[dash + 1..])?,
        })
    }

    /// The moment it means here; `None` when that has passed already.
    pub(crate) fn resolve(self, arrival: Instant) -> Option<Instant> {
        let remaining = Duration::from_millis(self.remaining_ms);
        let on_the_way = Duration::from_millis(epoch_ms().saturating_sub(self.sent_ms));
        let by_clock = (remaining + CLOCK_SKEW_MAX).checked_sub(on_the_way)?;
        Some(arrival + remaining.min(by_clock))
    }
}

fn epoch_ms() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, millis)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Appends a number in base 36, lower case.
pub(crate) fn base36(mut number: u64, out: &mut String) {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut text = [0_u8; 13];
    let mut at = text.len();
    loop {
        at -= 1;
        text[at] = DIGITS[usize::try_from(number % 36).unwrap_or(0)];
        number /= 36;
        if number == 0 {
            break;
        }
    }
    out.extend(text[at..].iter().map(|byte| char::from(*byte)));
}

/// Reads a number in base 36; nothing, a foreign character or an overflow is `None`.
pub(crate) fn parse_base36(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'z' => byte - b'a' + 10,
            _ => return None,
        };
        number.checked_mul(36)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_wire() {
        let token = Token::new(Duration::from_millis(1500));
        let mut text = String::new();
        token.write(&mut text);
        assert_eq!(Token::parse(text.as_bytes()), Some(token));
    }

    #[test]
    fn a_token_that_tells_the_time_in_steps_shortens_no_deadline() {
        let late = Token { remaining_ms: 1000, sent_ms: epoch_ms() - (SENT_STEP_MS - 1) };
        let now = Instant::now();
        assert_eq!(late.resolve(now), Some(now + Duration::from_secs(1)));
    }

    #[test]
    fn base36_reads_what_it_wrote() {
        for number in [0, 1, 35, 36, u64::MAX] {
            let mut text = String::new();
            base36(number, &mut text);
            assert_eq!(parse_base36(text.as_bytes()), Some(number));
        }
        for text in ["", "A", "-", "zzzzzzzzzzzzzz"] {
            assert_eq!(parse_base36(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_message_that_waited_in_a_buffer_has_expired() {
        let token = Token { remaining_ms: 1000, sent_ms: epoch_ms() - 20_000 };
        assert_eq!(token.resolve(Instant::now()), None);
    }

    #[test]
    fn a_clock_that_runs_ahead_adds_nothing() {
        let token = Token { remaining_ms: 1000, sent_ms: epoch_ms() + 60_000 };
        let now = Instant::now();
        assert_eq!(token.resolve(now), Some(now + Duration::from_secs(1)));
    }
}
