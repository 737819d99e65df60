//! Keeps packages from needing each other in a circle.
//!
//! # Why
//! Each package becomes a crate of its own, so that an edit of one rebuilds little, and crates can't form a circle.
//! Messages in use and consumed events both count.
//!
//! # Fix
//! Move what both need into a third package, or consume the event on one side only.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::check::{Context, Rule};
use crate::diagnostic::{Finding, Place};

pub(in crate::check) const RULE: Rule =
    Rule { id: "PACKAGE_ACYCLIC", source: include_str!("package_acyclic.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let needs: BTreeMap<&str, &[String]> = context
        .model
        .packages
        .iter()
        .map(|package| (package.name.as_str(), package.dependencies.as_slice()))
        .collect();
    let mut reported = BTreeSet::new();
    for package in needs.keys() {
        let Some(circle) = circle(&needs, package) else { continue };
        let members: BTreeSet<_> = circle.iter().copied().collect();
        // A circle is one mistake, wherever one enters it.
        if !reported.insert(members) {
            continue;
        }
        let file = context.survey.files.iter().find(|file| file.package == *package);
        let Some(file) = file else { continue };
        let text = format!("these packages need each other: {}", circle.join(" -> "));
        findings.push(
            Finding::new(
                RULE.id,
                text,
                reason(context, package, circle[1])
                    .unwrap_or_else(|| context.survey.name(&file.element)),
            )
            .help(
                "move what both need into a third package, or consume the event on one side only",
            ),
        );
    }
}

/// The shortest way from a package back to itself, both ends included.
fn circle<'a>(needs: &BTreeMap<&'a str, &'a [String]>, start: &'a str) -> Option<Vec<&'a str>> {
    let mut ways = VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let last = way.last()?;
        for next in needs.get(last).into_iter().copied().flatten() {
            let mut longer = way.clone();
            longer.push(next);
            if next == start {
                return Some(longer);
            }
            if seen.insert(next.as_str()) {
                ways.push_back(longer);
            }
        }
    }
    None
}

/// The first consumed event, or else the first method, by which one package needs another.
fn reason(context: &Context<'_>, package: &str, other: &str) -> Option<Place> {
    let survey = context.survey;
    let services = || survey.services().filter(|(file, _)| file.package == package);
    let is_other = |name: &str| survey.messages.get(name).is_some_and(|it| it.package == other);
    let consumed = services().find_map(|(file, service)| {
        let mut names = service.options.consumes.iter().enumerate();
        let (index, _) = names.find(|(_, name)| {
            let found = survey.find_message(&file.package, name);
            found.is_some_and(|message| message.package == other)
        })?;
        Some(survey.option(&service.element, &format!("consumes[{index}]")))
    });
    let used = || {
        let methods = services().flat_map(|(_, service)| &service.methods);
        let mut methods = methods.filter(|it| is_other(&it.request) || is_other(&it.response));
        methods.next().map(|method| survey.name(&method.element))
    };
    consumed.or_else(used)
}
