//! Things that are gone from a file or from a package.

use std::collections::{BTreeMap, BTreeSet};

use super::report::Report;
use super::tree::{File, Spot, Tree, enclosing, full};

/// What can be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noun {
    Enum,
    Extension,
    Message,
    Service,
}

impl Noun {
    fn word(self) -> &'static str {
        match self {
            Self::Enum => "enum",
            Self::Extension => "extension",
            Self::Message => "message",
            Self::Service => "service",
        }
    }

    fn names<'f>(self, file: &'f File<'_>) -> BTreeSet<&'f str> {
        match self {
            Self::Enum => file.enums.keys().map(String::as_str).collect(),
            Self::Extension => file.extensions.keys().map(String::as_str).collect(),
            Self::Message => file.messages.keys().map(String::as_str).collect(),
            Self::Service => file.services.keys().copied().collect(),
        }
    }
}

/// Reports what a file no longer has.
pub(super) fn from_file(noun: Noun, old: &File<'_>, new: &File<'_>, report: &mut Report<'_>) {
    let word = noun.word();
    for name in noun.names(old).difference(&noun.names(new)) {
        let message = format!("Previously present {word} \"{name}\" was deleted from file.");
        report.gone(&new.full(name), &new.around(name), message);
    }
}

/// Reports what a package no longer has. As `buf` has it, a package that lost its last one says nothing, unless it is a
/// service.
pub(super) fn from_packages(noun: Noun, report: &mut Report<'_>) {
    let (old, new) = (packages(noun, report.old), packages(noun, report.new));
    for (package, names) in old {
        let Some(left) = new.get(package) else { continue };
        for (name, path) in names {
            if left.contains_key(name) {
                continue;
            }
            let word = noun.word();
            let message = format!(
                "Previously present {word} \"{name}\" was deleted from package \"{package}\"."
            );
            let full = full(package, name);
            match report
                .new
                .files
                .get(path)
                .map(|file| around(noun, package, file, name, report.new))
            {
                Some(spot) => report.gone(&full, &spot, message),
                None => report.nowhere(&full, path, message),
            }
        }
    }
}

/// The message around what is gone; a message's may be in another file of the package.
fn around<'a>(noun: Noun, package: &str, file: &File<'a>, name: &str, tree: &Tree<'a>) -> Spot<'a> {
    if noun != Noun::Message {
        return file.around(name);
    }
    let files = || tree.files.values().filter(|file| file.proto.package() == package);
    enclosing(name)
        .find_map(|name| files().find_map(|file| file.messages.get(name)))
        .map_or_else(|| file.whole(), |message| message.spot.clone())
}

/// Names by package, each with the file that holds it.
fn packages<'t>(noun: Noun, tree: &'t Tree<'_>) -> BTreeMap<&'t str, BTreeMap<&'t str, &'t str>> {
    let mut packages: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for (path, file) in &tree.files {
        let names = noun.names(file);
        if noun == Noun::Service || !names.is_empty() {
            let package = packages.entry(file.proto.package()).or_default();
            package.extend(names.into_iter().map(|name| (name, *path)));
        }
    }
    packages
}
