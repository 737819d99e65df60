//! Keeps the version of a service one that discovery understands, and of its package's major.
//!
//! # Why
//! Discovery announces it; monitors refuse what is no semantic version.
//!
//! # Fix
//! Write three numbers, the first that of the package: `1.4.2` in `acme.zoo.v1`.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "SERVICE_VERSION", source: include_str!("service_version.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (file, service) in context.survey.services() {
        let Some(version) = &service.options.version else { continue };
        let package = context.model.packages.iter().find(|it| it.name == file.package);
        let major = package.and_then(|package| package.major);
        let place = || context.survey.option(&service.element, "version");
        match semantic(version) {
            None => {
                let text = format!("`{version}` is no semantic version");
                let help = format!("write three numbers: \"{}.0.0\"", major.unwrap_or(1));
                findings.push(Finding::new(RULE.id, text, place()).help(help));
            }
            Some(found) if major.is_some_and(|major| major != found) => {
                let text = format!("version {version} in package `{}`", file.package);
                let help = "the first number is the package's; change one of the two";
                let package = context.survey.name(&file.element);
                findings.push(
                    Finding::new(RULE.id, text, place()).related(package, "the package").help(help),
                );
            }
            Some(_) => {}
        }
    }
}

/// Major number of a semantic version.
fn semantic(text: &str) -> Option<u32> {
    let core = text.split(['-', '+']).next()?;
    let canonical = |part: &&str| part.len() == 1 || !part.starts_with('0');
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<_> = core.split('.').filter(digits).filter(canonical).collect();
    let rest = text[core.len()..].bytes();
    let legal = rest.clone().all(|b| b.is_ascii_alphanumeric() || b"-+.".contains(&b));
    let whole = parts.len() == 3 && core.split('.').count() == 3 && legal && rest.len() != 1;
    parts.first().filter(|_| whole)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::semantic;

    #[test]
    fn semantic_versions_are_told_from_others() {
        assert_eq!(semantic("1.4.2"), Some(1));
        assert_eq!(semantic("2.0.0-rc.1+build"), Some(2));
        for text in ["", "1", "1.0", "1.0.0.0", "v1.0.0", "01.0.0", "1.0.x", "1.0.0-", "1.0.0-ä"] {
            assert_eq!(semantic(text), None, "{text}");
        }
    }
}
