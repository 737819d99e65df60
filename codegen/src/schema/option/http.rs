/// A route over HTTP, as `google.api.http` has it.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Http {
    /// Verb and path.
    #[prost(oneof = "Pattern", tags = "2, 3, 4, 5, 6")]
    pub(crate) pattern: Option<Pattern>,
    /// Field that the body fills, or `*` for all that the path leaves.
    #[prost(string, tag = "7")]
    pub(crate) body: String,
    /// Further routes.
    #[prost(message, repeated, tag = "11")]
    pub(crate) additional_bindings: Vec<Self>,
    /// Field of the response that is sent, or nothing for all of it.
    #[prost(string, tag = "12")]
    pub(crate) response_body: String,
}

/// Verb and path of a route.
#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum Pattern {
    /// Reads.
    #[prost(string, tag = "2")]
    Get(String),
    /// Replaces.
    #[prost(string, tag = "3")]
    Put(String),
    /// Creates or acts.
    #[prost(string, tag = "4")]
    Post(String),
    /// Deletes.
    #[prost(string, tag = "5")]
    Delete(String),
    /// Changes a part.
    #[prost(string, tag = "6")]
    Patch(String),
}

impl Pattern {
    /// Name of the option's field, and the path.
    pub(crate) fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Get(path) => ("get", path),
            Self::Put(path) => ("put", path),
            Self::Post(path) => ("post", path),
            Self::Delete(path) => ("delete", path),
            Self::Patch(path) => ("patch", path),
        }
    }
}
