//! Reads the protocol from a buffer that may end anywhere.

use std::fmt;
use std::ops::Range;

use memchr::memchr;

/// Longest control line. INFO is the longest one that servers send; it lists the cluster's addresses.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// Largest message, headers included: what a server can be configured to at most.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Facts about the server, as JSON.
    Info(Range<usize>),
    /// A message.
    Message(Payload),
    /// Asks for a PONG.
    Ping,
    /// Answers a PING.
    Pong,
    /// Acknowledges a command, in verbose mode.
    Ok,
    /// Complains; the text without its quotes.
    Err(Range<usize>),
}

/// Where the parts of a message lie in the buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The subscription it is for.
    pub sid: u64,
    /// Subject.
    pub subject: Range<usize>,
    /// Reply subject.
    pub reply: Option<Range<usize>>,
    /// Header block.
    pub headers: Option<Range<usize>>,
    /// Body.
    pub body: Range<usize>,
}

/// How far the buffer could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// One operation, which took this many bytes.
    Op(Op, usize),
    /// There isn't a whole one; it takes at least this many bytes in all.
    Partial(usize),
}

/// Why the bytes are not the protocol. The connection can't be used any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server does not speak the protocol: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

/// Reads the first operation of the buffer.
///
/// # Errors
/// When no continuation of the buffer can be the protocol.
pub fn parse(buffer: &[u8]) -> Result<Parsed, Malformed> {
    let Some(end) = memchr(b'\n', buffer) else {
        return if buffer.len() > LINE_BYTES_MAX {
            Err(Malformed("a line without end"))
        } else {
            Ok(Parsed::Partial(buffer.len() + 1))
        };
    };
    let line_end = if end > 0 && buffer[end - 1] == b'\r' { end - 1 } else { end };
    let line = &buffer[..line_end];
    let op = match line {
        [b'M', b'S', b'G', b' ', ..] => return message(buffer, 4, line_end, end + 1, false),
        [b'H', b'M', b'S', b'G', b' ', ..] => return message(buffer, 5, line_end, end + 1, true),
        b"PING" => Op::Ping,
        b"PONG" => Op::Pong,
        b"+OK" => Op::Ok,
        [b'I', b'N', b'F', b'O', b' ', ..] => Op::Info(5..line_end),
        [b'-', b'E', b'R', b'R', ..] => Op::Err(unquoted(line)),
        _ => return Err(Malformed("an unknown operation")),
    };
    Ok(Parsed::Op(op, end + 1))
}

/// `MSG <subject> <sid> [reply] <size>` and `HMSG <subject> <sid> [reply] <header size> <size>`.
fn message(
    buffer: &[u8],
    start: usize,
    line_end: usize,
    body_start: usize,
    with_headers: bool,
) -> Result<Parsed, Malformed> {
    let mut fields: [Range<usize>; 5] = [0..0, 0..0, 0..0, 0..0, 0..0];
    let mut count = 0;
    let mut at = start;
    while at < line_end {
        let length = memchr(b' ', &buffer[at..line_end]).unwrap_or(line_end - at);
        if length > 0 {
            let field = fields.get_mut(count).ok_or(Malformed("too many fields in a message"))?;
            *field = at..at + length;
            count += 1;
        }
        at += length + 1;
    }
    let sizes = if with_headers { 2 } else { 1 };
    let reply = match count.checked_sub(2 + sizes) {
        Some(0) => None,
        Some(1) => Some(fields[2].clone()),
        _ => return Err(Malformed("a wrong number of fields in a message")),
    };
    let number = |field: &Range<usize>| number(&buffer[field.clone()]);
    let sid = number(&fields[1])?;
    let size = usize::try_from(number(&fields[count - 1])?).unwrap_or(usize::MAX);
    let header_size = if with_headers {
        usize::try_from(number(&fields[count - 2])?).unwrap_or(usize::MAX)
    } else {
        0
    };
    if size > MESSAGE_BYTES_MAX {
        return Err(Malformed("a message that is too large"));
    }
    if header_size > size {
        return Err(Malformed("headers that are larger than their message"));
    }
    let body_end = body_start + size;
    let total = body_end + 2;
    let Some(tail) = buffer.get(body_end..total) else { return Ok(Parsed::Partial(total)) };
    if tail != b"\r\n" {
        return Err(Malformed("a message that is longer than it says"));
    }
    let [subject, ..] = fields;
    let message = Payload {
        sid,
        subject,
        reply,
        headers: with_headers.then_some(body_start..body_start + header_size),
        body: body_start + header_size..body_end,
    };
    Ok(Parsed::Op(Op::Message(message), total))
}

fn number(text: &[u8]) -> Result<u64, Malformed> {
    if text.is_empty() || text.len() > 19 {
        return Err(Malformed("a number of a wrong length"));
    }
    text.iter().try_fold(0_u64, |number, byte| match byte {
        b'0'..=b'9' => Ok(number * 10 + u64::from(byte - b'0')),
        _ => Err(Malformed("a number with other characters than digits")),
    })
}

/// Where the text of an error lies: behind the word, without spaces and quotes.
fn unquoted(line: &[u8]) -> Range<usize> {
    let is_edge = |byte: &u8| matches!(byte, b' ' | b'\'');
    let start = line.iter().skip(4).position(|byte| !is_edge(byte)).map_or(line.len(), |at| at + 4);
    let end = line.iter().rposition(|byte| !is_edge(byte)).map_or(start, |at| at + 1);
    start..end.max(start)
}

/// The status in the first line of a header block: `NATS/1.0 503 No Responders` is 503.
#[must_use]
pub fn status(headers: &[u8]) -> Option<u16> {
    let rest = headers.strip_prefix(b"NATS/1.0 ")?;
    let digits = rest.get(..3)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(bytes: &[u8]) -> (Op, usize) {
        match parse(bytes) {
            Ok(Parsed::Op(op, used)) => (op, used),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn messages_are_found_with_and_without_reply_and_headers() {
        let bytes = b"MSG a.b 7 5\r\nhello\r\nPING\r\n";
        let (Op::Message(message), used) = one(bytes) else { panic!() };
        assert_eq!(
            (message.sid, &bytes[message.subject], &bytes[message.body]),
            (7, &b"a.b"[..], &b"hello"[..])
        );
        assert_eq!((message.reply, message.headers), (None, None));
        assert_eq!(one(&bytes[used..]).0, Op::Ping);

        let bytes = b"HMSG a 1 r.s 12 14\r\nNATS/1.0\r\n\r\nhi\r\n";
        let (Op::Message(message), used) = one(bytes) else { panic!() };
        assert_eq!(&bytes[message.reply.unwrap()], b"r.s");
        assert_eq!(&bytes[message.headers.unwrap()], b"NATS/1.0\r\n\r\n");
        assert_eq!(&bytes[message.body], b"hi");
        assert_eq!(used, bytes.len());
    }

    #[test]
    fn the_other_operations_are_found() {
        let bytes = b"-ERR 'Permissions Violation for Publish to \"a\"'\r\n";
        let (Op::Err(text), _) = one(bytes) else { panic!() };
        assert_eq!(&bytes[text], b"Permissions Violation for Publish to \"a\"");
        let (Op::Info(json), _) = one(b"INFO {}\r\n") else { panic!() };
        assert_eq!(json, 5..7);
        assert_eq!((one(b"PONG\r\n").0, one(b"+OK\r\n").0), (Op::Pong, Op::Ok));
        assert_eq!(one(b"-ERR\r\n").0, Op::Err(4..4));
    }

    #[test]
    fn what_cannot_become_the_protocol_is_refused() {
        for bytes in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"\r\n",
            b"MSG a 1\r\n",
            b"MSG a x 0\r\n\r\n",
            b"MSG a 1 r s t 0\r\n",
            b"MSG a 1 99999999999\r\n",
            b"MSG a 1 99999999999999999999999\r\n",
            b"MSG a 1 2\r\nabc\r\n",
            b"HMSG a 1 9 5\r\n",
            b"HMSG a 1 5\r\n",
        ] {
            assert!(parse(bytes).is_err(), "{}", bytes.escape_ascii());
        }
        assert!(parse(&vec![b'M'; LINE_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn a_status_is_read_from_its_line_only() {
        assert_eq!(status(b"NATS/1.0 503\r\n\r\n"), Some(503));
        assert_eq!(status(b"NATS/1.0 503 No Responders\r\n\r\n"), Some(503));
        assert_eq!(status(b"NATS/1.0\r\nA: 503\r\n\r\n"), None);
        assert_eq!(status(b"NATS/1.0 5"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(Parsed::Op(_, used)) = parse(&bytes) {
                prop_assert!(used <= bytes.len() && used > 0);
            }
        }

        #[test]
        fn bytes_that_look_right_are_read_without_panic(
            text in "(MSG|HMSG|INFO|-ERR|PING) [a-z0-9 ]{0,12} [0-9]{0,3} [0-9]{0,3}\r\n[a-z\r\n]{0,40}",
        ) {
            if let Ok(Parsed::Op(op, used)) = parse(text.as_bytes()) {
                prop_assert!(used <= text.len());
                if let Op::Message(message) = op {
                    prop_assert!(message.body.end + 2 == used);
                }
            }
        }

        #[test]
        fn a_cut_message_is_partial_and_says_how_much_is_missing(
            body in proptest::collection::vec(any::<u8>(), 0..64),
            cut in 0_usize..100,
        ) {
            let mut bytes = format!("MSG a.b 3 _INBOX.x {}\r\n", body.len()).into_bytes();
            bytes.extend_from_slice(&body);
            bytes.extend_from_slice(b"\r\n");
            let cut = cut.min(bytes.len() - 1);
            match parse(&bytes[..cut]) {
                Ok(Parsed::Partial(needed)) => prop_assert!(needed > cut && needed <= bytes.len()),
                other => prop_assert!(false, "{:?}", other),
            }
            let whole = matches!(parse(&bytes), Ok(Parsed::Op(Op::Message(_), used)) if used == bytes.len());
            prop_assert!(whole);
        }
    }
}
