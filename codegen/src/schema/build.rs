//! From what is written to what it means. Total: whatever is wrong, a model comes out, and rules say what is wrong.

mod cache;
mod events;
mod indexes;
mod packages;
mod policy;
mod routes;
mod sealed;
mod services;
mod streams;
mod subject;
mod types;

use std::time::Duration;

use super::model::{Model, Storage};
use super::survey::Survey;
use super::{duration, option};
use crate::input::Input;

pub(crate) use indexes::{parameter, scalar as index_scalar};
pub(crate) use routes::{follow, route_of, scalar};
pub(crate) use subject::shape;

/// Time a call may take where nobody says.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Calls of one method that an instance runs at once where nobody says.
const MAX_IN_FLIGHT: u32 = 1024;
/// Frames a reader lets its producer send ahead where nobody says. Bytes are bounded apart, so this one can be large:
/// with a small one, a producer of small frames waits for a grant every few dozen.
const CREDIT: u32 = 1024;
/// Silence after which a stream is given up where nobody says.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Resolves everything.
pub(super) fn build(input: &Input, survey: &Survey) -> Model {
    Model { packages: packages::packages(input, survey), streams: streams::streams(survey) }
}

/// The first duration that is written, from the innermost level outwards; one that doesn't parse counts as unwritten.
fn inherited(levels: [Option<&String>; 3], default: Duration) -> Duration {
    let written = levels.into_iter().flatten().next();
    written.and_then(|text| duration::parse(text)).unwrap_or(default)
}

fn storage(number: i32) -> Storage {
    if number == option::STORAGE_MEMORY { Storage::Memory } else { Storage::File }
}
