//! Where each package lives: its files, and the path by which other code names it.

use std::collections::BTreeMap;

use super::settings::{Layout, Settings};
use crate::schema::model::{Model, Package};

/// Places of every package, by full name.
#[derive(Debug)]
pub(crate) struct Places(BTreeMap<String, Place>);

/// Where a package lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Crate of the package; `None` where one crate holds everything.
    pub(crate) krate: Option<Crate>,
    /// Modules from the root of the tree, such as `["v1"]` in a crate of its own.
    pub(crate) modules: Vec<String>,
    /// Folder of the tree's root, such as `rust/time_manager/src/`; it is empty or ends with `/`.
    pub(crate) root: String,
    /// Path that code of the same crate uses, such as `crate::v1`.
    pub(crate) inner: String,
    /// Path that code of any crate uses, such as `::bodybroker_time_manager::v1`.
    pub(crate) outer: String,
}

/// A generated crate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Crate {
    /// Name of the package in Cargo's sense, such as `bodybroker-time-manager`.
    pub(crate) name: String,
    /// Folder below `rust/`, such as `time_manager`.
    pub(crate) folder: String,
}

impl Crate {
    /// Name of the crate as code writes it.
    pub(crate) fn ident(&self) -> String {
        self.name.replace('-', "_")
    }
}

impl Places {
    pub(crate) fn new(model: &Model, settings: &Settings) -> Self {
        let place = |package: &Package| (package.name.clone(), Place::of(package, settings));
        Self(model.packages.iter().map(place).collect())
    }

    /// Finds the place of a package of the model.
    pub(crate) fn get(&self, package: &str) -> Option<&Place> {
        self.0.get(package)
    }
}

impl Place {
    fn of(package: &Package, settings: &Settings) -> Self {
        match &settings.layout {
            Layout::Crates { prefix } => Self::in_crate(package, prefix),
            Layout::Modules { root } => {
                let path = path(root, &package.modules);
                let modules = package.modules.clone();
                Self { krate: None, modules, root: String::new(), inner: path.clone(), outer: path }
            }
        }
    }

    fn in_crate(package: &Package, prefix: &str) -> Self {
        let (names, modules) = package.split_version();
        let folder = names.iter().map(|name| plain(name)).collect::<Vec<_>>().join("_");
        let krate = Crate { name: format!("{prefix}{}", folder.replace('_', "-")), folder };
        Self {
            root: format!("rust/{}/src/", krate.folder),
            inner: path("crate", modules),
            outer: path(&format!("::{}", krate.ident()), modules),
            modules: modules.to_vec(),
            krate: Some(krate),
        }
    }

    /// Path by which code at another place names this one.
    pub(crate) fn path_from(&self, other: &Self) -> &str {
        if self.krate == other.krate { &self.inner } else { &self.outer }
    }

    /// File of a module below this package's, such as `rust/time_manager/src/v1/messages.rs`.
    pub(crate) fn file(&self, below: &[&str]) -> String {
        let modules = self.modules.iter().map(String::as_str).chain(below.iter().copied());
        format!("{}{}.rs", self.root, modules.map(plain).collect::<Vec<_>>().join("/"))
    }
}

/// An identifier without the `r#` that a keyword needs.
pub(crate) fn plain(ident: &str) -> &str {
    ident.strip_prefix("r#").unwrap_or(ident)
}

fn path(root: &str, modules: &[String]) -> String {
    modules.iter().fold(root.to_owned(), |path, module| format!("{path}::{module}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str, modules: &[&str], major: Option<u32>, settings: &Settings) -> Place {
        let modules = modules.iter().map(|&module| module.to_owned()).collect();
        let package = Package { name: name.to_owned(), modules, major, ..Package::default() };
        Place::of(&package, settings)
    }

    #[test]
    fn a_crate_holds_every_version_of_a_package() {
        let settings = Settings::crates("acme-");
        let place = place("acme.time_manager.v1", &["time_manager", "v1"], Some(1), &settings);
        assert_eq!(place.inner, "crate::v1");
        assert_eq!(place.outer, "::acme_time_manager::v1");
        assert_eq!(place.file(&["r#type"]), "rust/time_manager/src/v1/type.rs");
        assert_eq!(place.krate.map(|krate| krate.name).as_deref(), Some("acme-time-manager"));
    }

    #[test]
    fn a_tree_of_modules_hangs_below_the_root_it_is_told() {
        let settings = Settings::modules("crate::api");
        let place = place("acme.type.v1", &["acme", "r#type", "v1"], Some(1), &settings);
        assert_eq!(place.inner, "crate::api::acme::r#type::v1");
        assert_eq!(place.file(&[]), "acme/type/v1.rs");
    }
}
