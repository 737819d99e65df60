/// How a unary call is repeated.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Retry {
    /// Attempts in all.
    #[prost(uint32, optional, tag = "1")]
    pub(crate) max_attempts: Option<u32>,
    /// Limit of the first wait.
    #[prost(string, optional, tag = "2")]
    pub(crate) initial_backoff: Option<String>,
    /// Limit of every wait.
    #[prost(string, optional, tag = "3")]
    pub(crate) max_backoff: Option<String>,
    /// Time one attempt may take.
    #[prost(string, optional, tag = "4")]
    pub(crate) attempt_timeout: Option<String>,
}

/// When the unary calls of a method are given up for a while.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Breaker {
    /// Time that is looked back on.
    #[prost(string, optional, tag = "1")]
    pub(crate) window: Option<String>,
    /// Calls below which nothing is concluded.
    #[prost(uint32, optional, tag = "2")]
    pub(crate) min_calls: Option<u32>,
    /// Percentage of failures from which calls are given up.
    #[prost(uint32, optional, tag = "3")]
    pub(crate) failure_percent: Option<u32>,
    /// Time from which a call counts as slow.
    #[prost(string, optional, tag = "4")]
    pub(crate) slow_call: Option<String>,
    /// Percentage of slow calls from which calls are given up.
    #[prost(uint32, optional, tag = "5")]
    pub(crate) slow_percent: Option<u32>,
    /// Time for which calls are given up.
    #[prost(string, optional, tag = "6")]
    pub(crate) open: Option<String>,
    /// Probes that must succeed.
    #[prost(uint32, optional, tag = "7")]
    pub(crate) probes: Option<u32>,
}

/// When a second call is made beside one that dawdles.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Hedge {
    /// Time after which another call is made.
    #[prost(string, tag = "1")]
    pub(crate) delay: String,
    /// Calls in all.
    #[prost(uint32, optional, tag = "2")]
    pub(crate) max_attempts: Option<u32>,
}

/// How the limit of unary calls in flight follows the times that they take.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Adaptive {
    /// Calls that may always be in flight.
    #[prost(uint32, optional, tag = "1")]
    pub(crate) min_limit: Option<u32>,
    /// Percentage by which calls may take longer than without a queue.
    #[prost(uint32, optional, tag = "2")]
    pub(crate) tolerance_percent: Option<u32>,
}
