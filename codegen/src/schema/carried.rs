//! Files that the library carries, so that a workspace can import them without a copy.

/// Name and text of each file. A file of the workspace with the same name comes first.
const FILES: &[(&str, &str)] = &[
    (
        "bodybroker/options/v1/options.proto",
        include_str!("../../../proto/bodybroker/options/v1/options.proto"),
    ),
    ("google/api/annotations.proto", include_str!("../../../proto/google/api/annotations.proto")),
    ("google/api/http.proto", include_str!("../../../proto/google/api/http.proto")),
];

/// The text of a carried file.
pub(super) fn carried(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(file, _)| *file == name).map(|(_, text)| *text)
}
