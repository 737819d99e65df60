//! Keeps one package in a folder.
//!
//! # Why
//! Generators write a module or a package for each folder, and files of two packages there would overwrite or hide
//! each other.
//!
//! # Fix
//! Move the files of the other package to a folder of their own.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::lint::nodes::{File, tag};
use crate::check::lint::report::Report;
use crate::check::lint::{Check, MINIMAL, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "DIRECTORY_SAME_PACKAGE",
    categories: MINIMAL,
    source: include_str!("directory_same_package.rs"),
    check: Check::Files(check),
};

fn check(files: &[File<'_>], report: &mut Report<'_>) {
    let mut folders: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for file in files {
        folders.entry(file.folder()).or_default().push(file);
    }
    for (folder, files) in folders {
        let mut packages: BTreeSet<_> = files.iter().map(|file| file.proto.package()).collect();
        if packages.len() < 2 {
            continue;
        }
        let nameless = packages.remove("");
        let count = packages.len();
        let names = packages.into_iter().collect::<Vec<_>>().join(",");
        let what = match (nameless, count) {
            (true, 1) => format!("Package {names:?} and file with no package"),
            (true, _) => format!("Multiple packages {names:?} and file with no package"),
            (false, _) => format!("Multiple packages {names:?}"),
        };
        for file in files {
            let message = format!("{what} detected within directory {folder:?}.");
            report.at(file, &[tag::PACKAGE], message);
        }
    }
}
