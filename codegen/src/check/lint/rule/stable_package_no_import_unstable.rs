//! Keeps stable packages from relying on unstable ones.
//!
//! # Why
//! A type of `v1beta1` may change tomorrow, and whatever `v1` embeds it changes with it.
//!
//! # Fix
//! Move the type to a stable package first.

use crate::check::lint::nodes::{File, tag};
use crate::check::lint::report::Report;
use crate::check::lint::{Check, Rule};
use crate::check::version::{Stability, stability};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "STABLE_PACKAGE_NO_IMPORT_UNSTABLE",
    categories: &[],
    source: include_str!("stable_package_no_import_unstable.rs"),
    check: Check::Files(check),
};

fn check(files: &[File<'_>], report: &mut Report<'_>) {
    for file in files.iter().filter(|it| stability(it.proto.package()) == Some(Stability::Stable)) {
        for (index, import) in (0..).zip(&file.proto.dependency) {
            let imported = files.iter().find(|it| it.proto.name() == import);
            let Some(imported) = imported.map(|it| it.proto.package()) else { continue };
            if stability(imported) == Some(Stability::Unstable) {
                let message = format!(
                    "This file is in stable package {:?}, so it should not depend on {import:?} from unstable \
                     package {imported:?}.",
                    file.proto.package()
                );
                report.at(file, &[tag::DEPENDENCY, index], message);
            }
        }
    }
}
