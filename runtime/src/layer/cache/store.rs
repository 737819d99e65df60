//! Where processes share answers.

use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::status::Result;
use crate::transport::BoxFuture;

/// Where processes share answers: Redis, or what somebody puts in its place.
///
/// It may lose what it holds, and it may be slow or down: calls go on without it. What it must not do is give a value
/// under another name, or one whose time is over.
pub trait SharedStore: fmt::Debug + Send + Sync + 'static {
    /// Reads values at one moment. What stands between braces is the same in all of the names.
    fn get<'a>(&'a self, names: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<Option<Bytes>>>>;

    /// Writes a value that is gone at a moment, whenever the write comes through.
    fn put<'a>(
        &'a self,
        name: &'a str,
        value: Bytes,
        until: SystemTime,
    ) -> BoxFuture<'a, Result<()>>;

    /// Writes a value that is gone after a time; unless `replace`, only if there is none.
    fn mark<'a>(
        &'a self,
        name: &'a str,
        value: Bytes,
        ttl: Duration,
        replace: bool,
    ) -> BoxFuture<'a, Result<()>>;
}
