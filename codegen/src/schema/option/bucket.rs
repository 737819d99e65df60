/// A `JetStream` key-value bucket.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Bucket {
    /// Name.
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    /// Message that is stored.
    #[prost(string, tag = "2")]
    pub(crate) value: String,
    /// Revisions kept for each key.
    #[prost(uint32, optional, tag = "3")]
    pub(crate) history: Option<u32>,
    /// How long a value is kept.
    #[prost(string, optional, tag = "4")]
    pub(crate) ttl: Option<String>,
    /// Where values are kept; an open enum, see [`STORAGE_MEMORY`](super::STORAGE_MEMORY).
    #[prost(int32, tag = "5")]
    pub(crate) storage: i32,
    /// Copies kept in production.
    #[prost(uint32, optional, tag = "6")]
    pub(crate) replicas: Option<u32>,
}
