//! Fields that callers fill: checked where they are read, so that a mistake is told by the field's name.

use std::time::Duration;

use prost_types::value::Kind;
use prost_types::{Struct, Value};

use crate::status::{Result, Status};

/// Longest id in bytes: it becomes a key, and a token of subjects.
pub const ID_BYTES_MAX: usize = 256;

/// Deepest that objects and lists lie in each other. A level of an object is three messages in each other, and whoever decodes
/// stops at a hundred: what is taken must be readable in an answer or an event, where it lies deeper than in its request.
pub const LEVELS_MAX: usize = 32;

/// An id that a caller gave.
///
/// # Errors
/// `INVALID_ARGUMENT` when it is empty, or longer than [`ID_BYTES_MAX`].
pub fn id<'a>(field: &str, given: &'a str) -> Result<&'a str> {
    match given.len() {
        0 => Err(Status::invalid_argument(format!("{field} is empty; name one"))),
        1..=ID_BYTES_MAX => Ok(given),
        bytes => Err(Status::invalid_argument(format!(
            "{field} has {bytes} bytes; give at most {ID_BYTES_MAX}"
        ))),
    }
}

/// A length of time that a caller gave.
///
/// # Errors
/// `INVALID_ARGUMENT` when it is negative, or no length of time at all.
pub fn duration(field: &str, given: prost_types::Duration) -> Result<Duration> {
    given.try_into().map_err(|_| {
        Status::invalid_argument(format!("{field} is negative; give a time from 0 on"))
    })
}

/// An object of any shape that a caller gave, to be kept.
///
/// # Errors
/// `INVALID_ARGUMENT` when objects and lists lie in each other deeper than [`LEVELS_MAX`].
pub fn object<'a>(field: &str, given: &'a Struct) -> Result<&'a Struct> {
    if is_flat(given.fields.values(), LEVELS_MAX) {
        return Ok(given);
    }
    Err(Status::invalid_argument(format!(
        "{field} has objects and lists in each other, deeper than {LEVELS_MAX} levels; give fewer levels"
    )))
}

/// Whether an object or list of these values has at most so many levels, its own included.
fn is_flat<'a>(values: impl IntoIterator<Item = &'a Value>, levels: usize) -> bool {
    levels > 0
        && values.into_iter().all(|value| match &value.kind {
            Some(Kind::StructValue(inner)) => is_flat(inner.fields.values(), levels - 1),
            Some(Kind::ListValue(inner)) => is_flat(&inner.values, levels - 1),
            _ => true,
        })
}

/// A length of time as a message holds it. Those end where the seconds of the wire format do.
#[must_use]
pub fn of_duration(duration: Duration) -> prost_types::Duration {
    duration.try_into().unwrap_or(prost_types::Duration { seconds: i64::MAX, nanos: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Code;

    #[test]
    fn what_does_not_fit_is_told_by_its_name() {
        let long = "x".repeat(ID_BYTES_MAX + 1);
        for status in [
            id("world_id", "").unwrap_err(),
            id("world_id", &long).unwrap_err(),
            duration("world_id", prost_types::Duration { seconds: -1, nanos: 0 }).unwrap_err(),
        ] {
            assert_eq!(status.code(), Code::InvalidArgument);
            assert!(status.message().starts_with("world_id "), "{status}");
        }
        assert_eq!(id("world_id", &long[1..]).unwrap().len(), ID_BYTES_MAX);
    }

    #[test]
    fn a_length_of_time_comes_back_as_it_was() {
        let time = Duration::new(7, 5);
        assert_eq!(duration("by", of_duration(time)).unwrap(), time);
        assert_eq!(of_duration(Duration::MAX).seconds, i64::MAX);
    }
}
