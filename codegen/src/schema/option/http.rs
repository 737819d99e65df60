/// A route over HTTP, as `google.api.http` has it.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Http {
    /// Verb and path.
    #[prost(oneof = "Pattern", tags = "2, 3, 4, 5, 6, 8")]
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
    /// Another method of HTTP.
    #[prost(message, tag = "8")]
    Custom(Custom),
}

/// A method of HTTP that has no field of its own, and a path.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Custom {
    /// Name of the method, such as `HEAD`, or `*` for any.
    #[prost(string, tag = "1")]
    pub(crate) kind: String,
    /// Path.
    #[prost(string, tag = "2")]
    pub(crate) path: String,
}

impl Http {
    /// Itself and its further routes, each with what leads to its options, such as `additional_bindings[0].`.
    pub(crate) fn bindings(&self) -> impl Iterator<Item = (String, &Self)> {
        let further = self.additional_bindings.iter().enumerate();
        let further = further.map(|(index, it)| (format!("additional_bindings[{index}]."), it));
        std::iter::once((String::new(), self)).chain(further)
    }
}

impl Pattern {
    /// Name of the option's field that holds the path.
    pub(crate) fn option(&self) -> &'static str {
        match self {
            Self::Get(_) => "get",
            Self::Put(_) => "put",
            Self::Post(_) => "post",
            Self::Delete(_) => "delete",
            Self::Patch(_) => "patch",
            Self::Custom(_) => "custom.path",
        }
    }

    /// The path.
    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Get(path)
            | Self::Put(path)
            | Self::Post(path)
            | Self::Delete(path)
            | Self::Patch(path)
            | Self::Custom(Custom { path, .. }) => path,
        }
    }
}
