use super::{Adaptive, Breaker, Bucket, Retry};

/// Options of a service.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Service {
    /// Subject prefix.
    #[prost(string, tag = "1")]
    pub(crate) subject: String,
    /// Queue group that the instances share.
    #[prost(string, tag = "2")]
    pub(crate) queue_group: String,
    /// Semantic version.
    #[prost(string, optional, tag = "3")]
    pub(crate) version: Option<String>,
    /// Services that may be called.
    #[prost(string, repeated, tag = "4")]
    pub(crate) calls: Vec<String>,
    /// Events that are consumed.
    #[prost(string, repeated, tag = "5")]
    pub(crate) consumes: Vec<String>,
    /// Buckets that belong to the service.
    #[prost(message, repeated, tag = "6")]
    pub(crate) buckets: Vec<Bucket>,
    /// Overrides the file's.
    #[prost(string, optional, tag = "7")]
    pub(crate) timeout: Option<String>,
    /// Overrides the file's.
    #[prost(uint32, optional, tag = "8")]
    pub(crate) max_in_flight: Option<u32>,
    /// Overrides the file's.
    #[prost(uint32, optional, tag = "9")]
    pub(crate) credit: Option<u32>,
    /// Overrides the file's.
    #[prost(string, optional, tag = "10")]
    pub(crate) idle_timeout: Option<String>,
    /// Replaces the file's.
    #[prost(message, optional, tag = "11")]
    pub(crate) retry: Option<Retry>,
    /// Replaces the file's.
    #[prost(message, optional, tag = "12")]
    pub(crate) breaker: Option<Breaker>,
    /// Replaces the file's.
    #[prost(message, optional, tag = "13")]
    pub(crate) adaptive: Option<Adaptive>,
}
