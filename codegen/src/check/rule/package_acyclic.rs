//! Keeps packages from needing each other in a circle.
//!
//! # Why
//! All versions of a package become one crate, so that an edit of one package rebuilds little, and crates can't form a circle:
//! not even one that no version closes, as when `a.v1` needs `b.v1`, and `b.v2` needs `a.v1`. Messages in use and consumed events
//! both count. It holds for modules of one crate as well, whose layout isn't known here: they may become crates.
//!
//! # Fix
//! Move what both need into a third package, or consume the event on one side only.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::check::{Context, Rule};
use crate::diagnostic::{Finding, Place};

pub(in crate::check) const RULE: Rule =
    Rule { id: "PACKAGE_ACYCLIC", source: include_str!("package_acyclic.rs"), check };

/// What each package needs of others, by its name without the version.
type Needs<'a> = BTreeMap<String, Vec<Need<'a>>>;

/// A package that needs another one.
#[derive(Debug, Clone)]
struct Need<'a> {
    package: &'a str,
    other: &'a str,
    /// The other one without its version.
    krate: String,
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let needs = needs(context);
    let mut reported = BTreeSet::new();
    for krate in needs.keys() {
        let Some(circle) = circle(&needs, krate) else { continue };
        let members: BTreeSet<_> = circle.iter().map(|need| need.krate.clone()).collect();
        // A circle is one mistake, wherever one enters it.
        if !reported.insert(members) {
            continue;
        }
        let Need { package, other, .. } = circle[0];
        let file = context.survey.files.iter().find(|file| file.package == package);
        let Some(file) = file else { continue };
        let text = format!("these packages need each other: {}", spelled(&circle));
        let place =
            reason(context, package, other).unwrap_or_else(|| context.survey.name(&file.element));
        findings.push(Finding::new(RULE.id, text, place).help(help(&circle)));
    }
}

fn needs<'a>(context: &Context<'a>) -> Needs<'a> {
    let packages = &context.model.packages;
    let crates: BTreeMap<&str, String> =
        packages.iter().map(|it| (it.name.as_str(), it.split_version().0.join("_"))).collect();
    let mut needs = Needs::new();
    for package in packages {
        let Some(own) = crates.get(package.name.as_str()) else { continue };
        let others = package.dependencies.iter().filter_map(|other| {
            let krate = crates.get(other.as_str()).filter(|krate| *krate != own)?;
            Some(Need { package: &package.name, other, krate: krate.clone() })
        });
        needs.entry(own.clone()).or_default().extend(others);
    }
    needs
}

/// The shortest way from a package back to itself, whatever the versions on it.
fn circle<'a>(needs: &Needs<'a>, start: &str) -> Option<Vec<Need<'a>>> {
    let mut ways = VecDeque::from([Vec::new()]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let last = way.last().map_or(start, |need: &Need<'a>| &need.krate);
        for need in needs.get(last).into_iter().flatten() {
            let mut longer = way.clone();
            longer.push(need.clone());
            if need.krate == start {
                return Some(longer);
            }
            if seen.insert(&need.krate) {
                ways.push_back(longer);
            }
        }
    }
    None
}

/// Who needs whom, with a gap where only another version goes on.
fn spelled(circle: &[Need<'_>]) -> String {
    let mut text = String::new();
    let mut last = "";
    for Need { package, other, .. } in circle {
        match last {
            "" => text.push_str(package),
            last if last == *package => {}
            _ => text.extend([", ", package]),
        }
        text.extend([" -> ", other]);
        last = other;
    }
    text
}

fn help(circle: &[Need<'_>]) -> String {
    let help = "move what both need into a third package, or consume the event on one side only";
    let ends = circle.first().zip(circle.last());
    let closes = ends.is_some_and(|(first, last)| first.package == last.other);
    let follows = circle.windows(2).all(|pair| pair[0].other == pair[1].package);
    let versions = "; all versions of a package are one crate";
    if closes && follows { help.to_owned() } else { format!("{help}{versions}") }
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
