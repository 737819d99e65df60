/// Options of a message that is an event.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Event {
    /// Where it is published.
    #[prost(string, tag = "1")]
    pub(crate) subject: String,
    /// Stream that stores it.
    #[prost(string, tag = "2")]
    pub(crate) stream: String,
    /// Bucket whose every write it is.
    #[prost(string, optional, tag = "3")]
    pub(crate) bucket: Option<String>,
}
