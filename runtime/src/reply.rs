//! Reply subjects: the one subject of a request that its sender chooses, and that the server publishes to.
//!
//! Tried on a real server: a caller that may only call one method names `$JS.API.STREAM.DELETE.<stream>` as its
//! reply subject, and the service that answers deletes the stream. So an answer goes to an inbox or nowhere.

use std::fmt;

use crate::stamp::Stamp;
use crate::subject::Subject;

/// First token of every inbox, ours or another client's.
const PREFIX: &[u8] = b"_INBOX.";

/// Longest reply subject that is answered; ours have about 60 bytes.
const BYTES_MAX: usize = 256;

/// What bytes are in an inbox of any client.
const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Foreign; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        kinds[byte as usize] = match byte {
            b'.' => Kind::Dot,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'=' | b'~' | b'+' | b'/' => {
                Kind::Token
            }
            _ => Kind::Foreign,
        };
        byte += 1;
    }
    kinds
};

/// What a byte is in an inbox.
#[derive(Clone, Copy)]
enum Kind {
    Token,
    Dot,
    Foreign,
}

/// Why a request is refused before anything else is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It has no reply subject: nobody waits for the answer.
    Absent,
    /// Its reply subject is no inbox.
    Forged,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "no reply subject",
            Self::Forged => "the reply subject is no inbox",
        })
    }
}

/// A reply subject that may be published to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Checked<'a> {
    pub(crate) subject: Subject,
    pub(crate) sent: Option<Sent<'a>>,
}

/// What a request tells of its sending.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sent<'a> {
    /// Whose clock it is: the id of the caller's connection.
    pub(crate) caller: &'a [u8],
    pub(crate) stamp: Stamp,
}

/// Checks the reply subject of a request, and reads the stamp that may be its last token.
pub(crate) fn check(reply: Option<&[u8]>) -> Result<Checked<'_>, Refusal> {
    let reply = reply.ok_or(Refusal::Absent)?;
    if reply.len() > BYTES_MAX {
        return Err(Refusal::Forged);
    }
    let rest = reply.strip_prefix(PREFIX).ok_or(Refusal::Forged)?;
    let mut dots = 0;
    let mut token_start = 0;
    let mut caller = 0..0;
    for (at, byte) in rest.iter().enumerate() {
        match KINDS[usize::from(*byte)] {
            Kind::Token => {}
            Kind::Dot if at == token_start => return Err(Refusal::Forged),
            Kind::Dot => {
                dots += 1;
                if dots == 2 {
                    caller = token_start..at;
                }
                token_start = at + 1;
            }
            Kind::Foreign => return Err(Refusal::Forged),
        }
    }
    if token_start == rest.len() {
        return Err(Refusal::Forged);
    }
    // Service, connection, slot, stamp: other clients' inboxes have fewer tokens.
    let stamp = if dots == 3 { Stamp::parse(&rest[token_start..]) } else { None };
    let sent = stamp.map(|stamp| Sent { caller: &rest[caller], stamp });
    let text = std::str::from_utf8(reply).map_err(|_| Refusal::Forged)?;
    Ok(Checked { subject: Subject::checked(text.to_owned()), sent })
}

/// Whether a reply subject is one of our callers': it bears a stamp.
pub(crate) fn is_ours(reply: &str) -> bool {
    check(Some(reply.as_bytes())).is_ok_and(|checked| checked.sent.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inboxes_of_any_client_are_answered() {
        for inbox in ["_INBOX.state-manager.x1y2.a-0", "_INBOX.k3Zq9.1", "_INBOX.abc"] {
            let Checked { subject, sent } = check(Some(inbox.as_bytes())).unwrap();
            assert_eq!((subject.as_str(), sent), (inbox, None));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for forged in [
            "$JS.API.STREAM.DELETE.STATE",
            "evt.state.entity.updated.v1.x",
            "_INBOX",
            "_INBOX.",
            "_INBOX.a.",
            "_INBOX..a",
            "_INBOX.a.*",
            "_INBOX.a.>",
            "_INBOX.$JS.API",
            "_INBOX.a b",
            "_INBOX.a\r\nPUB x 0",
            "_inbox.a.b",
            "",
        ] {
            assert_eq!(check(Some(forged.as_bytes())), Err(Refusal::Forged), "{forged}");
        }
        assert_eq!(check(None), Err(Refusal::Absent));
    }

    #[test]
    fn a_stamp_is_the_fifth_token_and_no_other() {
        let sent = check(Some(b"_INBOX.s.c.0-0.T1")).unwrap().sent.unwrap();
        assert_eq!((sent.caller, sent.stamp.timeout), (b"c".as_slice(), None));
        for other in ["_INBOX.s.T1", "_INBOX.s.c.T1", "_INBOX.s.c.0-0.1", "_INBOX.s.c.0-0.x.T1"] {
            assert_eq!(check(Some(other.as_bytes())).unwrap().sent, None, "{other}");
        }
    }
}
