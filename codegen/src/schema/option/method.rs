use super::{Adaptive, Breaker, Cache, Hedge, Retry};

/// Number of `IDEMPOTENCY_KEYED`.
pub(crate) const KEYED: i32 = 1;

/// Options of a method.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Method {
    /// Last tokens of the subject.
    #[prost(string, optional, tag = "1")]
    pub(crate) operation: Option<String>,
    /// Overrides the service's.
    #[prost(string, optional, tag = "2")]
    pub(crate) queue_group: Option<String>,
    /// Overrides the service's.
    #[prost(string, optional, tag = "3")]
    pub(crate) timeout: Option<String>,
    /// What makes a repeated call harmless; an open enum, see [`KEYED`].
    #[prost(int32, tag = "4")]
    pub(crate) idempotency: i32,
    /// Overrides the service's.
    #[prost(uint32, optional, tag = "5")]
    pub(crate) max_in_flight: Option<u32>,
    /// Overrides the service's.
    #[prost(uint32, optional, tag = "6")]
    pub(crate) credit: Option<u32>,
    /// Overrides the service's.
    #[prost(string, optional, tag = "7")]
    pub(crate) idle_timeout: Option<String>,
    /// Errors that callers match on.
    #[prost(string, repeated, tag = "8")]
    pub(crate) errors: Vec<String>,
    /// Replaces the service's.
    #[prost(message, optional, tag = "9")]
    pub(crate) retry: Option<Retry>,
    /// Replaces the service's.
    #[prost(message, optional, tag = "10")]
    pub(crate) breaker: Option<Breaker>,
    /// When a second call is made beside one that dawdles.
    #[prost(message, optional, tag = "11")]
    pub(crate) hedge: Option<Hedge>,
    /// How long the first answer to an idempotency key is kept.
    #[prost(string, optional, tag = "12")]
    pub(crate) idempotency_ttl: Option<String>,
    /// Keeps answers near their callers.
    #[prost(message, optional, tag = "13")]
    pub(crate) cache: Option<Cache>,
    /// Keeps it apart from floods of other methods.
    #[prost(bool, tag = "14")]
    pub(crate) critical: bool,
    /// Replaces the service's.
    #[prost(message, optional, tag = "15")]
    pub(crate) adaptive: Option<Adaptive>,
}
