//! What a request tells of its time: the last token of its reply subject,
//! `_INBOX.<service>.<connection>.<slot>.T<steps>[N<clock>][L<ms>]`, with numbers in base 36.
//!
//! - `T`: when it was sent, in steps of [`STEP_MS`] since 1970 by the caller's clock. Nobody's clock has to be right:
//!   the server knows how far a caller's is from its own (`server/callers.rs`).
//! - `N`: the name of the caller's clock, 0 unless a server disbelieved it.
//! - `L`: the time that the caller has, in milliseconds, where that isn't the schema's time-out.
//!
//! All of it costs nothing while the calls of a slot bear the same: a server remembers who listens on a subject, and a
//! new reply subject for each call would cost a tenth of the throughput. What is no such token is no stamp, and its
//! request was sent just now as far as anybody knows: other clients send none.

use std::time::Duration;

use crate::base36;
use crate::clock::whole_millis;
use crate::status::{Executed, Status};
use crate::subject::Subject;

/// Steps in which the time of sending is told: so coarse that the calls of a slot share a reply subject for a while,
/// and fine beside a time-out.
pub(crate) const STEP_MS: i64 = 64;

/// Reason of the failure that tells a caller who still waits that its clock is disbelieved.
const LATE: &str = "LATE";

/// What a request tells of its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// When it was sent, by the caller's clock; never later than it was.
    pub(crate) sent_ms: i64,
    /// The name of that clock.
    pub(crate) clock: u32,
    /// The time that its caller has, where that isn't the schema's time-out.
    pub(crate) timeout: Option<Duration>,
}

impl Stamp {
    /// The reply subject with this stamp.
    pub(crate) fn on(&self, reply: &Subject) -> Subject {
        let mut text = reply.as_str().to_owned();
        self.write(&mut text);
        Subject::checked(text)
    }

    /// Appends the token and the dot before it.
    pub(crate) fn write(&self, out: &mut String) {
        let Self { sent_ms, clock, timeout } = *self;
        out.push_str(".T");
        base36::write(u64::try_from(sent_ms / STEP_MS).unwrap_or_default(), out);
        if clock > 0 {
            out.push('N');
            base36::write(clock.into(), out);
        }
        if let Some(timeout) = timeout {
            write_timeout(timeout, out);
        }
    }

    /// Reads a token; `None` when it is none.
    pub(crate) fn parse(token: &[u8]) -> Option<Self> {
        let (steps, rest) = base36::lead(token.strip_prefix(b"T")?)?;
        let (clock, rest) = field(rest, b'N')?;
        let (ms, rest) = field(rest, b'L')?;
        if !rest.is_empty() {
            return None;
        }
        Some(Self {
            sent_ms: i64::try_from(steps).ok()?.checked_mul(STEP_MS)?,
            clock: u32::try_from(clock.unwrap_or_default()).ok()?,
            timeout: ms.map(Duration::from_millis),
        })
    }
}

/// A stamped reply subject with the time that the caller has.
pub(crate) fn with_timeout(reply: &Subject, timeout: Duration) -> Subject {
    let mut text = String::with_capacity(reply.as_str().len() + 8);
    text.push_str(reply.as_str());
    write_timeout(timeout, &mut text);
    Subject::checked(text)
}

/// What a caller is told whose request seems to have been sent longer ago than it waits.
pub(crate) fn late(by_ms: i64) -> Status {
    Status::unavailable(format!(
        "the request seems to have been sent {by_ms} ms ago, when nobody waits for it any more; if somebody does, the \
         caller's clock or the server's was wrong, which calling again sets right"
    ))
    .with_executed(Executed::No)
    .with_reason(LATE)
}

/// Whether that is what a status says.
pub(crate) fn is_late(status: &Status) -> bool {
    status.reason() == Some(LATE) && status.executed() == Executed::No
}

fn write_timeout(timeout: Duration, out: &mut String) {
    out.push('L');
    base36::write(u64::try_from(whole_millis(timeout)).unwrap_or_default(), out);
}

/// Reads a field that may be missing.
fn field(text: &[u8], mark: u8) -> Option<(Option<u64>, &[u8])> {
    match text.split_first() {
        Some((first, rest)) if *first == mark => {
            let (number, rest) = base36::lead(rest)?;
            Some((Some(number), rest))
        }
        _ => Some((None, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_survives_the_wire() {
        let stamp =
            Stamp { sent_ms: 1_700_000_000_000 / STEP_MS * STEP_MS, clock: 0, timeout: None };
        let timeout = Some(Duration::from_millis(1_500));
        for stamp in [stamp, Stamp { clock: 40, ..stamp }, Stamp { clock: 1, timeout, ..stamp }] {
            let mut text = String::new();
            stamp.write(&mut text);
            assert_eq!(Stamp::parse(text.strip_prefix('.').unwrap().as_bytes()), Some(stamp));
        }
        let reply = Subject::literal("_INBOX.a.b.c.T1");
        assert_eq!(with_timeout(&reply, Duration::from_secs(1)).as_str(), "_INBOX.a.b.c.T1Lrs");
    }

    #[test]
    fn what_is_no_stamp_is_none() {
        for text in [
            "",
            "T",
            "t1",
            "1",
            "TN1",
            "T1N",
            "T1L",
            "T1L5N1",
            "T1N1N1",
            "T1x-",
            "T1 ",
            "rs-m9k3x1a0",
            "T1Nzzzzzzzz",
            "Tzzzzzzzzzzzzz",
            "Tzzzzzzzzzzzzzz",
            "T3w5e11264sgsf",
        ] {
            assert_eq!(Stamp::parse(text.as_bytes()), None, "{text}");
        }
    }
}
