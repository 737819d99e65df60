use super::{Adaptive, Breaker, Retry, Stream};

/// Options of a file.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct File {
    /// Time a call may take.
    #[prost(string, optional, tag = "1")]
    pub(crate) timeout: Option<String>,
    /// Calls of one method that an instance runs at once.
    #[prost(uint32, optional, tag = "2")]
    pub(crate) max_in_flight: Option<u32>,
    /// Frames a reader lets its producer send ahead.
    #[prost(uint32, optional, tag = "3")]
    pub(crate) credit: Option<u32>,
    /// Silence after which a stream is given up.
    #[prost(string, optional, tag = "4")]
    pub(crate) idle_timeout: Option<String>,
    /// Streams that the file declares.
    #[prost(message, repeated, tag = "5")]
    pub(crate) streams: Vec<Stream>,
    /// How unary calls are repeated.
    #[prost(message, optional, tag = "6")]
    pub(crate) retry: Option<Retry>,
    /// When unary calls are given up for a while.
    #[prost(message, optional, tag = "7")]
    pub(crate) breaker: Option<Breaker>,
    /// How the limit of calls in flight follows their times.
    #[prost(message, optional, tag = "8")]
    pub(crate) adaptive: Option<Adaptive>,
}
