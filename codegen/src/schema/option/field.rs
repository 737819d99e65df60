/// Options of a field.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Field {
    /// Whether the value is secret.
    #[prost(bool, tag = "1")]
    pub(crate) sensitive: bool,
}
