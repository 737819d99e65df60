/// Number of `STORAGE_MEMORY`.
pub(crate) const STORAGE_MEMORY: i32 = 2;

/// A `JetStream` stream.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Stream {
    /// Name.
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    /// Subjects captured.
    #[prost(string, repeated, tag = "2")]
    pub(crate) subjects: Vec<String>,
    /// How long a message is kept.
    #[prost(string, tag = "3")]
    pub(crate) max_age: String,
    /// Where messages are kept; an open enum, see [`STORAGE_MEMORY`].
    #[prost(int32, tag = "4")]
    pub(crate) storage: i32,
    /// Copies kept in production.
    #[prost(uint32, optional, tag = "5")]
    pub(crate) replicas: Option<u32>,
    /// Window in which a repeated message id is recognised.
    #[prost(string, optional, tag = "6")]
    pub(crate) duplicate_window: Option<String>,
    /// Largest size in bytes.
    #[prost(uint64, optional, tag = "7")]
    pub(crate) max_bytes: Option<u64>,
}
