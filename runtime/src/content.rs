//! What a message carries: bytes, and what its headers say of them.
//!
//! Bytes that are long travel compressed where that saves a tenth: requests and answers of every kind, events, and what
//! buckets hold; `Content-Encoding: zstd` says so, and `Bb-Raw-Size` how long they are. What is short is never looked
//! at, so that a small message has no headers. Whoever is not of this runtime is answered in plain bytes unless it
//! accepts others, and may send either.
//!
//! Everything outside of this module sees plain bytes. Fields that are encrypted are so before their message comes here.

use std::fmt;

use bytes::Bytes;
use tokio_util::task::AbortOnDropHandle;

use crate::connection::Connection;
use crate::context::Context;
use crate::headers::{self, Headers, name};
use crate::reply;
use crate::status::{Executed, Status};
use crate::transport::Body;

pub(crate) mod pieces;
mod space;
mod zstd;

pub(crate) use space::{LONGEST_MAX, Space};

/// Longest message, before compression, that is sent or taken unless somebody says otherwise.
pub const MESSAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Length up to which bytes travel as they are: compressing them would cost more than it saves.
pub(crate) const PLAIN_BYTES_MAX: usize = 16 * 1024;

/// The one encoding there is.
const ZSTD: &str = "zstd";

/// Compresses a body where that pays, and notes it in its headers.
pub(crate) fn pack(body: Bytes, headers: &mut Headers) -> Bytes {
    match shrink(&body) {
        Some(packed) => {
            // Both values are printable.
            let _ = headers.insert(name::CONTENT_ENCODING, ZSTD);
            let _ = headers.insert(name::RAW_SIZE, body.len().to_string());
            packed.into()
        }
        None => body,
    }
}

/// The same for what a stream or a bucket keeps, unless it is too long for [`Stored::plain`](crate::durable::Stored::plain).
pub(crate) fn pack_to_keep(body: Bytes, headers: &mut Headers) -> Bytes {
    if body.len() > MESSAGE_BYTES_MAX { body } else { pack(body, headers) }
}

/// Compresses a body; `None` where that doesn't pay.
pub(crate) fn shrink(body: &[u8]) -> Option<Vec<u8>> {
    if body.len() <= PLAIN_BYTES_MAX {
        return None;
    }
    let packed = zstd::compress(body);
    match &packed {
        Some(packed) => {
            metrics::counter!("bb_compressed_bytes_total", "side" => "before")
                .increment(body.len() as u64);
            metrics::counter!("bb_compressed_bytes_total", "side" => "after")
                .increment(packed.len() as u64);
        }
        None => {
            metrics::counter!("bb_incompressible_bytes_total").increment(body.len() as u64);
        }
    }
    packed
}

/// Undoes [`pack`]: the plain bytes, at most `most`, or `None` when they are plain already. The headers say nothing of
/// them any more.
///
/// # Errors
/// When the bytes are not what the headers say, or nothing that is known here.
pub(crate) fn open(
    headers: &mut Headers,
    body: &[u8],
    most: usize,
) -> Result<Option<Vec<u8>>, Garbled> {
    let (encoding, size) = (headers.get(name::CONTENT_ENCODING), headers.get(name::RAW_SIZE));
    let opened = decode(encoding, size, body, most)?;
    headers.remove(name::CONTENT_ENCODING);
    headers.remove(name::RAW_SIZE);
    Ok(opened)
}

/// The plain bytes of a message with these two headers, `Content-Encoding` and `Bb-Raw-Size`: at most `most`, or `None`
/// when they are plain already.
///
/// # Errors
/// When the bytes are not what the headers say, or nothing that is known here.
pub fn decode(
    encoding: Option<&str>,
    raw_size: Option<&str>,
    body: &[u8],
    most: usize,
) -> Result<Option<Vec<u8>>, Garbled> {
    match encoding {
        None => Ok(None),
        Some(encoding) if encoding.eq_ignore_ascii_case(ZSTD) => {
            let told = raw_size.map(|text| {
                let length = text.parse::<usize>();
                length.map_err(|_| Garbled(format!("its size is `{text}`, which is no number")))
            });
            zstd::decompress(body, told.transpose()?, most).map(Some)
        }
        Some(other) => Err(Garbled(format!("its encoding is `{other}`, and only `zstd` is known"))),
    }
}

fn within(length: usize, most: usize) -> Result<(), Garbled> {
    if length > most {
        return Err(Garbled(format!(
            "it has {length} bytes, and at most {most} are taken: send less, stream it, or raise \
             BB_MESSAGE_BYTES_MAX there"
        )));
    }
    Ok(())
}

/// Opens a frame of which the length is known.
pub(crate) fn expand(frame: &[u8], length: usize, most: usize) -> Result<Vec<u8>, Garbled> {
    zstd::decompress(frame, Some(length), most)
}

/// A request as it travels: compressed where that pays, and put up to be fetched where one message can't hold it, for as
/// long as the handle lives.
pub(crate) fn wrap(
    connection: &Connection,
    body: &dyn Body,
    headers: &mut Headers,
) -> Result<(Bytes, Option<AbortOnDropHandle<()>>), Status> {
    let body = pack(body.to_bytes(), headers);
    if headers.encoded_len() + body.len() <= connection.tx().max_payload() {
        return Ok((body, None));
    }
    let sending = pieces::offer(connection, body, headers)?;
    let sending = async move {
        // How it went, the answer tells.
        let _ = sending.send().await;
    };
    Ok((Bytes::new(), Some(AbortOnDropHandle::new(tokio::spawn(sending)))))
}

/// Refuses what is too long before anything of it is encoded.
pub(crate) fn may_send(what: &str, bytes: usize, connection: &Connection) -> Result<(), Status> {
    let most = connection.message_bytes_max();
    if bytes <= most {
        return Ok(());
    }
    Err(Status::resource_exhausted(format!(
        "the {what} has {bytes} bytes, and this process sends at most {most}: send less, stream it, or raise \
         BB_MESSAGE_BYTES_MAX on both sides"
    ))
    .with_executed(Executed::No))
}

/// Bytes that a request will take when it is whole and plain, as far as it tells.
pub(crate) fn length(headers: &Headers, body: &[u8]) -> usize {
    let raw = headers.get(name::CONTENT_ENCODING).map(|_| {
        // Who doesn't say may need any length.
        headers.get(name::RAW_SIZE).and_then(|text| text.parse().ok()).unwrap_or(usize::MAX)
    });
    let offered = headers.get(name::PIECES).and_then(pieces::length);
    raw.unwrap_or(0).max(offered.unwrap_or(0)).max(body.len())
}

/// Whether a header block says something of its content.
pub(crate) fn is_wrapped(block: &[u8]) -> bool {
    headers::has_any(block, &[name::CONTENT_ENCODING, name::PIECES])
}

/// Whether who is answered here reads compressed bytes: our callers do, others say so.
pub(crate) fn accepts(context: &Context) -> bool {
    is_ours(context) || context.header(name::ACCEPT_ENCODING).is_some_and(accepts_zstd)
}

/// Whether who is answered here is a caller of this runtime.
pub(crate) fn is_ours(context: &Context) -> bool {
    context.reply().is_some_and(|reply| reply::is_ours(reply.as_str()))
}

/// Whether an `Accept-Encoding` names it, and not with a weight of nothing.
fn accepts_zstd(list: &str) -> bool {
    list.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(ZSTD));
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.trim().parse::<f32>().ok());
        named && weight.is_none_or(|weight| weight > 0.0)
    })
}

/// Why bytes can't be made plain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Garbled(String);

impl Garbled {
    /// What the sender of a request is told: it never ran.
    pub(crate) fn of_request(&self) -> Status {
        Status::invalid_argument(format!("the request can't be read: {self}"))
            .with_executed(Executed::No)
    }

    /// What becomes of a message that should have been whole.
    pub(crate) fn lost(&self, what: impl fmt::Display) -> Status {
        Status::data_loss(format!("{what} can't be read: {self}"))
    }
}

impl fmt::Display for Garbled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Garbled {}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(length: usize) -> Bytes {
        (0_u32..).flat_map(|n| n.to_string().into_bytes()).take(length).collect()
    }

    fn packed(body: &Bytes) -> (Headers, Bytes) {
        let mut headers = Headers::new();
        let packed = pack(body.clone(), &mut headers);
        (headers, packed)
    }

    #[test]
    fn what_is_long_and_shrinks_is_packed_and_comes_back() {
        let body = text(PLAIN_BYTES_MAX + 1);
        let (mut headers, packed) = packed(&body);
        assert!(packed.len() < body.len() * 9 / 10);
        assert_eq!(headers.get("Content-Encoding"), Some("zstd"));
        assert_eq!(headers.get("Bb-Raw-Size"), Some("16385"));
        assert_eq!(open(&mut headers, &packed, body.len()), Ok(Some(body.to_vec())));
        assert!(headers.is_empty());
    }

    #[test]
    fn what_is_short_or_noise_stays_as_it_is() {
        let noise: Vec<u8> = (0..300_000).map(|_| rand::random()).collect();
        for body in [text(PLAIN_BYTES_MAX), Bytes::from(noise), Bytes::new()] {
            let (mut headers, same) = packed(&body);
            assert_eq!((&headers, &same), (&Headers::new(), &body));
            assert_eq!(open(&mut headers, &same, body.len()), Ok(None));
        }
    }

    #[test]
    fn what_would_be_refused_for_its_ratio_is_not_packed() {
        let zeros = Bytes::from(vec![0; 1_000_000]);
        assert_eq!(packed(&zeros), (Headers::new(), zeros));
    }

    #[test]
    fn the_accepted_encodings_are_read_with_their_weights() {
        for yes in ["zstd", "gzip, ZSTD", "zstd;q=0.5", " br ; q=1 , zstd ; q=1"] {
            assert!(accepts_zstd(yes), "{yes}");
        }
        for no in ["", "gzip", "zstd;q=0", "zstd2", "identity;q=1, zstd;q=0.0"] {
            assert!(!accepts_zstd(no), "{no}");
        }
    }

    #[test]
    fn an_unknown_encoding_is_named() {
        let garbled = decode(Some("gzip"), None, b"x", 10).unwrap_err();
        assert_eq!(garbled.to_string(), "its encoding is `gzip`, and only `zstd` is known");
        let garbled = decode(Some("zstd"), Some("ten"), b"x", 10).unwrap_err();
        assert_eq!(garbled.to_string(), "its size is `ten`, which is no number");
    }
}
