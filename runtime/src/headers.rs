//! Message headers: a short list of names and values, written only when there is something to say.

use bytes::Bytes;
use memchr::memchr;

use crate::status::{Result, Status};

/// Names of the headers that the runtime reads and writes.
pub mod name {
    /// Canonical code of a failure; the authority for our own clients.
    pub const STATUS: &str = "Bb-Status";
    /// Words of a failure, for every NATS client (ADR-32).
    pub const SERVICE_ERROR: &str = "Nats-Service-Error";
    /// HTTP-like number of a failure, for every NATS client (ADR-32).
    pub const SERVICE_ERROR_CODE: &str = "Nats-Service-Error-Code";
    /// Milliseconds after which an overloaded server may be tried again.
    pub const RETRY_AFTER_MS: &str = "Bb-Retry-After-Ms";
    /// `no` on a failure whose handler provably never ran, so that any method may be called again.
    pub const EXECUTED: &str = "Bb-Executed";
    /// Time-out of a foreign caller, in milliseconds.
    pub const TIMEOUT_MS: &str = "Bb-Timeout-Ms";
    /// Moment after which a durable message is worthless, in milliseconds since the epoch.
    pub const DEADLINE: &str = "Bb-Deadline";
    /// Which attempt of a call this is, from 1.
    pub const ATTEMPT: &str = "Bb-Attempt";
    /// The caller's idempotency key.
    pub const IDEMPOTENCY_KEY: &str = "Bb-Idempotency-Key";
    /// `1` on an answer that was given before, to the same idempotency key.
    pub const REPLAYED: &str = "Bb-Replayed";
    /// Who calls; a help for people, never authority.
    pub const CALLER: &str = "Bb-Caller";
    /// W3C trace context.
    pub const TRACEPARENT: &str = "traceparent";
    /// W3C trace state.
    pub const TRACESTATE: &str = "tracestate";
    /// Credit that a stream's reader opens with, when it isn't the schema's.
    pub const CREDIT: &str = "Bb-Credit";
    /// Marks the last message of a stream; its value is the number of frames sent.
    pub const EOS: &str = "Bb-Eos";
    /// How the payload is encoded: `zstd`, or absent.
    pub const CONTENT_ENCODING: &str = "Content-Encoding";
    /// Length in bytes of a payload that is compressed, before it was.
    pub const RAW_SIZE: &str = "Bb-Raw-Size";
    /// Length in bytes of content that one message can't hold, and the inbox that it is fetched from.
    pub const PIECES: &str = "Bb-Pieces";
    /// Encodings in which a caller that isn't ours reads answers.
    pub const ACCEPT_ENCODING: &str = "Accept-Encoding";
    /// Version of a bucket's value, from 2; absent on the first.
    pub const VERSION: &str = "Bb-Version";
    /// Id by which JetStream recognises a repeated message.
    pub const MSG_ID: &str = "Nats-Msg-Id";
    /// How long a stream keeps a message, as in `90s`; `never` where it doesn't expire (ADR-43).
    pub const TTL: &str = "Nats-TTL";
    /// `sub` on a message that replaces every earlier one of its subject.
    pub const ROLLUP: &str = "Nats-Rollup";
    /// Which message of which stream a message was taken over from, as in `KV_state:Bo4ghu4d 17 ...`.
    pub const STREAM_SOURCE: &str = "Nats-Stream-Source";
}

/// The words of a text as a header may carry them.
pub(crate) fn printable(text: &str) -> impl Iterator<Item = char> {
    text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
}

/// A list of headers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Makes an empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets a header, replacing an earlier value.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when the name isn't a token or the value holds control characters or isn't ASCII.
    pub fn insert(&mut self, name: &str, value: impl Into<String>) -> Result<()> {
        let value = value.into();
        let name_is_token =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b':');
        if !name_is_token {
            return Err(Status::invalid_argument(format!(
                "`{}` is not a header name",
                name.escape_default()
            )));
        }
        if !value.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return Err(Status::invalid_argument(format!(
                "the value of header {name} must be printable ASCII"
            )));
        }
        match self.0.iter_mut().find(|(have, _)| have.eq_ignore_ascii_case(name)) {
            Some((_, have)) => *have = value,
            None => self.0.push((name.to_owned(), value)),
        }
        Ok(())
    }

    /// Takes a header away, if it is there.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(have, _)| !have.eq_ignore_ascii_case(name));
    }

    /// Finds a value; names compare without case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(have, _)| have.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Every header in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Length of the encoded block in bytes; 0 when there is none.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        if self.0.is_empty() {
            return 0;
        }
        let lines: usize = self.0.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        PREAMBLE.len() + 2 + lines + 2
    }

    /// Appends the encoded block (ADR-4), or nothing when there is none.
    pub fn encode(&self, out: &mut Vec<u8>) {
        if self.0.is_empty() {
            return;
        }
        out.extend_from_slice(PREAMBLE);
        out.extend_from_slice(b"\r\n");
        for (name, value) in &self.0 {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Reads an encoded block. What isn't UTF-8 or has no colon is passed over.
    #[must_use]
    pub fn decode(block: &[u8]) -> Self {
        let owned = |(name, value): (&str, &str)| (name.trim().to_owned(), value.trim().to_owned());
        Self(lines(block).map(owned).collect())
    }
}

/// First line of a header block.
pub(crate) const PREAMBLE: &[u8] = b"NATS/1.0";

/// Finds the first value of a name in a header block, without reading the rest into a list.
pub(crate) fn find<'a>(block: &'a [u8], name: &str) -> Option<&'a str> {
    lines(block).find(|(have, _)| is_named(have, name)).map(|(_, value)| value.trim())
}

/// Whether a header block has one of some names.
pub(crate) fn has_any(block: &[u8], names: &[&str]) -> bool {
    lines(block).any(|(have, _)| names.iter().any(|name| is_named(have, name)))
}

/// Whether a name as it stands is this one.
fn is_named(have: &str, name: &str) -> bool {
    have.eq_ignore_ascii_case(name)
        || have.len() > name.len() && have.trim().eq_ignore_ascii_case(name)
}

/// Names and values as they stand; none when the block is no text.
fn lines(block: &[u8]) -> Lines<'_> {
    let mut lines = Lines(std::str::from_utf8(block).unwrap_or_default());
    lines.cut();
    lines
}

/// What is left of a header block. A request with headers is searched for several, so this doesn't look for text where a
/// byte will do.
struct Lines<'a>(&'a str);

impl<'a> Lines<'a> {
    /// Takes the next line.
    fn cut(&mut self) -> &'a str {
        let Self(text) = *self;
        let mut from = 0;
        while let Some(at) = memchr(b'\r', &text.as_bytes()[from..]) {
            let end = from + at;
            if text.as_bytes().get(end + 1) == Some(&b'\n') {
                self.0 = &text[end + 2..];
                return &text[..end];
            }
            from = end + 1;
        }
        self.0 = "";
        text
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.0.is_empty() {
            let line = self.cut();
            if let Some(colon) = line.bytes().position(|byte| byte == b':') {
                return Some((&line[..colon], &line[colon + 1..]));
            }
        }
        None
    }
}

/// Reads a header block that may be absent.
#[must_use]
pub fn decode(block: Option<&Bytes>) -> Headers {
    block.map(|block| Headers::decode(block)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_where_the_whole_block_says_it() {
        let block = b"NATS/1.0\r\nBb-Timeout-Ms: 250\r\nbb-timeout-ms: 9\r\nA:b:c\r\n\r\n";
        for name in ["bb-timeout-ms", "Bb-Timeout-Ms", "a", "c", "NATS/1.0", ""] {
            assert_eq!(find(block, name), Headers::decode(block).get(name), "{name}");
        }
        assert_eq!(find(block, name::TIMEOUT_MS), Some("250"));
        assert_eq!(find(b"NATS/1.0\r\nBb-\xff: 1\r\n\r\n", "a"), None);
        assert!(has_any(block, &["b", "A"]) && !has_any(block, &["b", "NATS/1.0"]));
        let odd: [(&[u8], _); 6] = [
            (b"", None),
            (b"a: 1", None),
            (b"\r\na : 1 ", Some("1")),
            (b"NATS/1.0\r\nb\na: 2\r\n a: 3\r\r\n", Some("3")),
            (b"NATS/1.0\n\r\na:\r\n", Some("")),
            ("NATS/1.0\r\n\u{a0}a: \u{20ac}\r\n".as_bytes(), Some("\u{20ac}")),
        ];
        for (block, value) in odd {
            assert_eq!(find(block, "a"), value, "{block:?}");
            assert_eq!(find(block, "a"), Headers::decode(block).get("a"), "{block:?}");
        }
    }
}
