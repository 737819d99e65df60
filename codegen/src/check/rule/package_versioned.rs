//! Keeps a major version at the end of every package.
//!
//! # Why
//! Two versions of a package live side by side for as long as its clients need: the version is in every subject and
//! path.
//!
//! # Fix
//! End the package with `v1`, such as `acme.zoo.v1`.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "PACKAGE_VERSIONED", source: include_str!("package_versioned.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for file in &context.survey.files {
        let package = context.model.packages.iter().find(|it| it.name == file.package);
        if package.is_some_and(|package| package.major.is_some() && package.modules.len() > 1) {
            continue;
        }
        let place = context.survey.name(&file.element);
        let finding = if file.package.is_empty() {
            Finding::new(RULE.id, "this file has no package", place)
                .help("add `package <name>.v1;`, such as `package acme.zoo.v1;`")
        } else if package.is_some_and(|package| package.major.is_some()) {
            Finding::new(RULE.id, format!("package `{}` has only a version", file.package), place)
                .help("put a name before the version, such as `zoo.v1`")
        } else if let Some((name, last)) = file.package.rsplit_once('.').filter(|(_, last)| {
            last.strip_prefix('v').is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_digit()))
        }) {
            Finding::new(RULE.id, format!("`{last}` is no major version"), place)
                .help(format!("count from one, without zeros in front: `{name}.v1`"))
        } else {
            Finding::new(RULE.id, format!("package `{}` has no version", file.package), place)
                .help(format!("end it with its major version: `{}.v1`", file.package))
        };
        findings.push(finding);
    }
}
