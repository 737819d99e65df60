/// How answers of a method are kept near their callers.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Cache {
    /// What the answer is about.
    #[prost(string, tag = "1")]
    pub(crate) key: String,
    /// How long a process gives an answer again.
    #[prost(string, tag = "2")]
    pub(crate) local_ttl: String,
    /// How long an answer serves other processes.
    #[prost(string, optional, tag = "3")]
    pub(crate) shared_ttl: Option<String>,
    /// How long a process gives `NOT_FOUND` again.
    #[prost(string, optional, tag = "4")]
    pub(crate) negative_ttl: Option<String>,
    /// How long after `local_ttl` an answer is still given.
    #[prost(string, optional, tag = "5")]
    pub(crate) stale_ttl: Option<String>,
    /// Events after which the answer is another.
    #[prost(string, repeated, tag = "6")]
    pub(crate) invalidated_by: Vec<String>,
}
