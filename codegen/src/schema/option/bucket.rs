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
    /// By what its values are found.
    #[prost(message, repeated, tag = "7")]
    pub(crate) indexes: Vec<Index>,
    /// Version of the values.
    #[prost(uint32, optional, tag = "8")]
    pub(crate) version: Option<u32>,
    /// What values of the versions before are.
    #[prost(message, repeated, tag = "9")]
    pub(crate) earlier: Vec<EarlierValue>,
    /// Version that values are written in.
    #[prost(uint32, optional, tag = "10")]
    pub(crate) writes: Option<u32>,
}

/// By what values of a bucket are found.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Index {
    /// Name of the lookup.
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    /// Fields that are asked for.
    #[prost(string, repeated, tag = "2")]
    pub(crate) fields: Vec<String>,
    /// Whether at most one value may say the same.
    #[prost(bool, tag = "3")]
    pub(crate) unique: bool,
}

/// What the values of a bucket were in an earlier version.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct EarlierValue {
    /// The version.
    #[prost(uint32, tag = "1")]
    pub(crate) version: u32,
    /// Message that was stored.
    #[prost(string, tag = "2")]
    pub(crate) value: String,
}
