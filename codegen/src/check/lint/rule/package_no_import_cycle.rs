//! Keeps packages from importing each other in a circle.
//!
//! # Why
//! Many languages can't compile a circle of packages, and neither package can be released without the other.
//!
//! # Fix
//! Move what both need to a third package.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::check::lint::nodes::{File, tag};
use crate::check::lint::report::Report;
use crate::check::lint::{Check, MINIMAL, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "PACKAGE_NO_IMPORT_CYCLE",
    categories: MINIMAL,
    source: include_str!("package_no_import_cycle.rs"),
    check: Check::Files(check),
};

fn check(files: &[File<'_>], report: &mut Report<'_>) {
    let Some(image) = files.first().map(|file| file.image) else { return };
    let packages: BTreeMap<_, _> =
        image.files().map(|file| (file.name(), file.package())).collect();
    let mut imports: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for file in image.files() {
        for import in &file.dependency {
            let package = packages.get(import.as_str()).copied().unwrap_or_default();
            if !package.is_empty() && !file.package().is_empty() && package != file.package() {
                imports.entry(file.package()).or_default().insert(package);
            }
        }
    }
    for file in files {
        let from = file.proto.package();
        for (index, import) in (0..).zip(&file.proto.dependency) {
            let to = packages.get(import.as_str()).copied().unwrap_or_default();
            if from.is_empty() || to.is_empty() || from == to {
                continue;
            }
            if let Some(way) = way(&imports, to, from) {
                let message = format!("Package import cycle: {from} -> {}", way.join(" -> "));
                report.at(file, &[tag::DEPENDENCY, index], message);
            }
        }
    }
}

/// The shortest way from one package to another; of several, the first by name.
fn way<'a>(
    imports: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    from: &'a str,
    to: &'a str,
) -> Option<Vec<&'a str>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = VecDeque::from([from]);
    while let Some(package) = open.pop_front() {
        if package == to {
            let mut way = vec![to];
            while let Some(&last) = way.last().filter(|last| **last != from) {
                way.push(before.get(last)?);
            }
            way.reverse();
            return Some(way);
        }
        for &next in imports.get(package).into_iter().flatten() {
            if next != from && !before.contains_key(next) {
                before.insert(next, package);
                open.push_back(next);
            }
        }
    }
    None
}
