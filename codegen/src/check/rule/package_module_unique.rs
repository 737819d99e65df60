//! Keeps packages apart after case conversion.
//!
//! # Why
//! A package becomes a module path and a crate: `fooBar.v1` and `foo_bar.v1` would become the same ones.
//!
//! # Fix
//! Rename one of them.

use std::collections::BTreeMap;

use crate::check::{Context, Rule};
use crate::diagnostic::{Finding, Place};

pub(in crate::check) const RULE: Rule =
    Rule { id: "PACKAGE_MODULE_UNIQUE", source: include_str!("package_module_unique.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for package in &context.model.packages {
        let place = |name: &str| {
            let file = context.survey.files.iter().find(|file| file.package == name);
            file.map_or_else(|| Place::file(name), |file| context.survey.name(&file.element))
        };
        let path = package.modules.join("_");
        if let Some(other) = seen.get(&path) {
            let text = format!("packages `{}` and `{other}` become the same crate", package.name);
            findings.push(
                Finding::new(RULE.id, text, place(&package.name))
                    .related(place(other), "the other one")
                    .help("rename one of them"),
            );
        } else {
            seen.insert(path, &package.name);
        }
    }
}
