//! How generated code is named and laid out.

use std::collections::BTreeMap;

use super::{PROST_TYPES, WELL_KNOWN};

/// Names and layout of generated code. Nothing here is particular to one project: a workspace says what differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the code of a package goes.
    pub layout: Layout,
    /// Name of the runtime crate as code writes it.
    pub runtime: String,
    /// Cargo feature behind which the mocks are; `None` generates them always.
    pub mock_feature: Option<String>,
    /// Packages whose code is somewhere else: proto package to the Rust path of the module that its messages are in, such
    /// as `::acme_zoo::v1`, and of the `events` that are consumed. With [`Layout::Crates`] it begins with a crate that the
    /// workspace's dependencies name, with `-` for `_`.
    pub externs: BTreeMap<String, String>,
}

/// Where the code of a package goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// A crate for each package without its version, in `rust/<package>` below the output root. An edit of one
    /// schema then rebuilds that crate and those that depend on it, nothing else.
    Crates {
        /// What the name of each crate begins with, such as `acme-`.
        prefix: String,
    },
    /// One tree of modules for a crate that exists, entered through `mod.rs`. Good for a `build.rs`:
    /// `include!(concat!(env!("OUT_DIR"), "/api/mod.rs"))`.
    Modules {
        /// Rust path of the module that holds the tree, such as `crate::api`.
        root: String,
    },
}

impl Settings {
    /// Settles on defaults for a layout.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Self {
            layout,
            runtime: "bodybroker_runtime".to_owned(),
            mock_feature: Some("mock".to_owned()),
            externs: BTreeMap::from([(WELL_KNOWN.to_owned(), PROST_TYPES.to_owned())]),
        }
    }

    /// A crate for each package; see [`Layout::Crates`].
    #[must_use]
    pub fn crates(prefix: impl Into<String>) -> Self {
        Self::new(Layout::Crates { prefix: prefix.into() })
    }

    /// One tree of modules; see [`Layout::Modules`].
    #[must_use]
    pub fn modules(root: impl Into<String>) -> Self {
        Self::new(Layout::Modules { root: root.into() })
    }
}
