use std::path::PathBuf;

/// Where the schemas of a workspace are and how it names things.
#[derive(Debug, Clone)]
pub struct Input {
    /// Folder that holds every `.proto` file; imports are relative to it.
    pub root: PathBuf,
    /// Package of the options file. A workspace without a copy of its own imports
    /// `bodybroker/options/v1/options.proto`, which the library carries.
    pub options_package: String,
    /// First components of package names that module paths leave out: with `bodybroker`, the package
    /// `bodybroker.time_manager.v1` becomes `time_manager::v1`.
    pub strip_prefix: String,
    /// Packages below the root that are only imported: nothing is generated for them and no rule judges them. A name
    /// stands for every package that begins with it.
    pub foreign: Vec<String>,
}

impl Input {
    /// Settles on the defaults for a folder of schemas.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            options_package: "bodybroker.options.v1".to_owned(),
            strip_prefix: String::new(),
            foreign: vec!["google".to_owned()],
        }
    }

    /// Leaves these first components out of module paths.
    #[must_use]
    pub fn strip_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.strip_prefix = prefix.into();
        self
    }

    /// Reads options of another package than the library's.
    #[must_use]
    pub fn options_package(mut self, package: impl Into<String>) -> Self {
        self.options_package = package.into();
        self
    }

    /// Tells whether a package is only imported.
    pub(crate) fn is_foreign(&self, package: &str) -> bool {
        package == self.options_package
            || self.foreign.iter().any(|prefix| without_prefix(package, prefix).is_some())
    }
}

/// The rest of a dotted name after whole leading components; `None` if it begins otherwise.
pub(crate) fn without_prefix<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = name.strip_prefix(prefix)?;
    if rest.is_empty() || prefix.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
}
