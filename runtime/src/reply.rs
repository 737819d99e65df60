//! Reply subjects: the one subject of a request that its sender chooses, and that the server publishes to.
//!
//! Tried on a real server: a caller that may only call one method names `$JS.API.STREAM.DELETE.<stream>` as its
//! reply subject, and the service that answers deletes the stream. So an answer goes to an inbox or nowhere.

use std::fmt;

use crate::deadline::Token;
use crate::subject::Subject;

/// First token of every inbox, ours or another client's.
const PREFIX: &[u8] = b"_INBOX.";

/// Longest reply subject that is answered; ours have about 60 bytes.
const BYTES_MAX: usize = 256;

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

/// Checks the reply subject of a request, and reads the deadline that may ride in its last token.
pub(crate) fn check(reply: Option<&[u8]>) -> Result<(Subject, Option<Token>), Refusal> {
    let reply = reply.ok_or(Refusal::Absent)?;
    if reply.len() > BYTES_MAX {
        return Err(Refusal::Forged);
    }
    let rest = reply.strip_prefix(PREFIX).ok_or(Refusal::Forged)?;
    let mut dots = 0;
    let mut last = 0;
    let mut token_start = 0;
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            b'.' if at == token_start => return Err(Refusal::Forged),
            b'.' => {
                dots += 1;
                token_start = at + 1;
                last = token_start;
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'=' | b'~' | b'+' | b'/' => {}
            _ => return Err(Refusal::Forged),
        }
    }
    if token_start == rest.len() {
        return Err(Refusal::Forged);
    }
    // Service, connection, slot, deadline: other clients' inboxes have fewer tokens.
    let token = if dots == 3 { Token::parse(&rest[last..]) } else { None };
    let text = std::str::from_utf8(reply).map_err(|_| Refusal::Forged)?;
    Ok((Subject::checked(text.to_owned()), token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inboxes_of_any_client_are_answered() {
        for inbox in ["_INBOX.state-manager.x1y2.a-0", "_INBOX.k3Zq9.1", "_INBOX.abc"] {
            let (subject, token) = check(Some(inbox.as_bytes())).unwrap();
            assert_eq!((subject.as_str(), token), (inbox, None));
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
    fn the_deadline_is_read_from_the_fifth_token_only() {
        assert!(check(Some(b"_INBOX.s.c.0-0.rs-m9k3x1a0")).unwrap().1.is_some());
        assert!(check(Some(b"_INBOX.s.rs-m9k3x1a0")).unwrap().1.is_none());
    }
}
