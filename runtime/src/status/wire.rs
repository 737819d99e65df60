//! The wire form of a status: headers for routing, an `Error` message as the body.

use std::time::Duration;

use bytes::Bytes;
use prost::Message;

use super::{Code, Detail, Executed, Status};
use crate::clock::unsigned_millis;
use crate::headers::{self, Headers, name};

/// Longest text that travels in `Nats-Service-Error`; the body carries all of it.
const HEADER_TEXT_BYTES_MAX: usize = 256;

/// Value of `Bb-Executed` when the handler never ran.
const NOT_EXECUTED: &str = "no";

const TYPE_PREFIX: &str = "type.googleapis.com/";

/// `bodybroker.common.v1.Error`, by hand: the runtime stands below generated code.
#[derive(Clone, PartialEq, Message)]
struct Error {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(bool, tag = "3")]
    retryable: bool,
    #[prost(message, repeated, tag = "4")]
    details: Vec<Any>,
    #[prost(uint64, optional, tag = "5")]
    retry_after_ms: Option<u64>,
    #[prost(string, optional, tag = "6")]
    reason: Option<String>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "bytes", tag = "2")]
    value: Bytes,
}

/// Writes a status as headers and a body.
pub(crate) fn encode(status: &Status) -> (Headers, Vec<u8>) {
    let code = status.code();
    let retry_after_ms = status.retry_after().map(unsigned_millis);
    let mut headers = Headers::new();
    let text = printable(status.message(), code);
    // `printable` leaves nothing that `insert` refuses.
    let _ = headers.insert(name::SERVICE_ERROR, text);
    let _ = headers.insert(name::SERVICE_ERROR_CODE, code.http().to_string());
    let _ = headers.insert(name::STATUS, code.number().to_string());
    if let Some(ms) = retry_after_ms {
        let _ = headers.insert(name::RETRY_AFTER_MS, ms.to_string());
    }
    if status.executed() == Executed::No {
        let _ = headers.insert(name::EXECUTED, NOT_EXECUTED);
    }
    let details = status
        .details()
        .iter()
        .map(|detail| Any {
            type_url: format!("{TYPE_PREFIX}{}", detail.type_name),
            value: detail.value.clone(),
        })
        .collect();
    let body = Error {
        code: i32::from(code.number()),
        message: status.message().to_owned(),
        retryable: may_pass(code),
        details,
        retry_after_ms,
        reason: status.reason().map(str::to_owned),
    };
    (headers, body.encode_to_vec())
}

/// Reads a status from the headers and the body of an answer; `None` when the answer is a success.
pub(crate) fn decode(headers: &Headers, body: &[u8]) -> Option<Status> {
    let number = headers.get(name::STATUS).map(|text| text.parse().unwrap_or(0));
    let text = headers.get(name::SERVICE_ERROR);
    let foreign = headers.get(name::SERVICE_ERROR_CODE);
    if number.is_none() && text.is_none() && foreign.is_none() {
        return None;
    }
    let code = match number {
        Some(number) => Code::from_number(number),
        None => from_http(foreign.and_then(|text| text.parse().ok())),
    };
    let body = Error::decode(body).unwrap_or_default();
    let message =
        if body.message.is_empty() { text.unwrap_or_default().to_owned() } else { body.message };
    let executed = match code {
        Code::UnknownOutcome => Executed::Unknown,
        _ if headers.get(name::EXECUTED) == Some(NOT_EXECUTED) => Executed::No,
        _ => Executed::Yes,
    };
    let mut status = Status::new(code, message).with_executed(executed);
    let header_ms = headers.get(name::RETRY_AFTER_MS).and_then(|text| text.parse().ok());
    if let Some(ms) = header_ms.or(body.retry_after_ms) {
        status = status.with_retry_after(Duration::from_millis(ms));
    }
    if let Some(reason) = body.reason {
        status = status.with_reason(reason);
    }
    for Any { type_url, value } in body.details {
        let type_name = type_url.rsplit('/').next().unwrap_or_default().to_owned();
        status = status.with_raw_detail(Detail { type_name, value });
    }
    Some(status)
}

/// Whether the same call may succeed later without anybody changing anything.
fn may_pass(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable | Code::ResourceExhausted | Code::Aborted | Code::DeadlineExceeded
    )
}

/// Maps the error number of a service that isn't ours.
fn from_http(number: Option<u16>) -> Code {
    match number {
        Some(400) => Code::InvalidArgument,
        Some(401) => Code::Unauthenticated,
        Some(403) => Code::PermissionDenied,
        Some(404) => Code::NotFound,
        Some(409) => Code::Aborted,
        Some(429) => Code::ResourceExhausted,
        Some(500) => Code::Internal,
        Some(501) => Code::Unimplemented,
        Some(503) => Code::Unavailable,
        Some(504) => Code::DeadlineExceeded,
        _ => Code::Unknown,
    }
}

fn printable(message: &str, code: Code) -> String {
    let text: String = headers::printable(message).take(HEADER_TEXT_BYTES_MAX).collect();
    let text = text.trim();
    if text.is_empty() { code.name().to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_survives_the_wire() {
        let status = Status::resource_exhausted("full\r\nInjected: yes")
            .with_retry_after(Duration::from_millis(7))
            .with_executed(Executed::No)
            .with_reason("a.b.C")
            .with_raw_detail(Detail { type_name: "a.b.C".into(), value: Bytes::from_static(b"x") });
        let (headers, body) = encode(&status);
        assert_eq!(headers.get(name::SERVICE_ERROR), Some("full??Injected: yes"));
        assert_eq!(headers.get(name::SERVICE_ERROR_CODE), Some("429"));
        assert_eq!(decode(&headers, &body), Some(status));
    }

    proptest::proptest! {
        #[test]
        fn any_status_survives_the_wire_and_smuggles_no_header(
            code in proptest::sample::select(Code::ALL),
            message: String,
            retry_ms in proptest::option::of(0_u64..1_000_000),
            detail: Vec<u8>,
            reason: Option<String>,
        ) {
            let mut status = Status::new(code, message)
                .with_executed(if code == Code::UnknownOutcome { Executed::Unknown } else { Executed::Yes })
                .with_raw_detail(Detail { type_name: "a.b.C".into(), value: detail.into() });
            if let Some(ms) = retry_ms {
                status = status.with_retry_after(Duration::from_millis(ms));
            }
            if let Some(reason) = reason {
                status = status.with_reason(reason);
            }
            let (headers, body) = encode(&status);
            let mut block = Vec::new();
            headers.encode(&mut block);
            let read = Headers::decode(&block);
            proptest::prop_assert_eq!(read.iter().count(), 3 + usize::from(retry_ms.is_some()));
            let decoded = decode(&read, &body).expect("a failure");
            if status.message().is_empty() {
                // The header says something even when the status doesn't.
                proptest::prop_assert_eq!(decoded.message(), code.name());
            } else {
                proptest::prop_assert_eq!(decoded, status);
            }
        }
    }

    #[test]
    fn a_success_is_no_status() {
        assert_eq!(decode(&Headers::new(), b"anything"), None);
    }

    #[test]
    fn a_foreign_error_is_understood() {
        let mut headers = Headers::new();
        headers.insert(name::SERVICE_ERROR, "nothing here").unwrap();
        headers.insert(name::SERVICE_ERROR_CODE, "404").unwrap();
        let status = decode(&headers, b"").unwrap();
        assert_eq!((status.code(), status.message()), (Code::NotFound, "nothing here"));
    }
}
