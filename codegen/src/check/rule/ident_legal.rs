//! Keeps names to those of which something is left in Rust.
//!
//! # Why
//! Case conversion drops `_` and `-`: nothing is left of a field called `_`, and a constant would be called
//! `2FA_BUCKET`. No code can be generated that names them.
//!
//! # Fix
//! Begin the name with a letter.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::ident;
use crate::schema::model::Package;
use crate::schema::survey::Element;

pub(in crate::check) const RULE: Rule =
    Rule { id: "IDENT_LEGAL", source: include_str!("ident_legal.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    packages(context, findings);
    let survey = context.survey;
    for (kind, name, element) in elements(context).filter(|(_, name, _)| ident::is_lost(name)) {
        let text = format!("nothing is left of {kind} `{name}` in Rust");
        let finding = Finding::new(RULE.id, text, survey.name(element));
        findings.push(finding.help("use a name with a letter in it"));
    }
    for (_, message, _) in survey.events().filter(|(_, it, _)| ident::begins_with_digit(&it.name)) {
        let text = format!("no constant of event `{}` can begin with a digit", message.name);
        let finding = Finding::new(RULE.id, text, survey.name(&message.element));
        findings.push(finding.help("begin the name with a letter"));
    }
    for (_, service, index, bucket) in survey.buckets() {
        if ident::begins_with_digit(&bucket.name) {
            let text = format!("no constant of bucket `{}` can begin with a digit", bucket.name);
            let place = survey.option(&service.element, &format!("buckets[{index}].name"));
            findings.push(Finding::new(RULE.id, text, place).help("begin the name with a letter"));
        }
    }
}

/// Every name that becomes one of Rust, with its kind and place.
fn elements<'a>(
    context: &Context<'a>,
) -> impl Iterator<Item = (&'static str, &'a str, &'a Element)> {
    let survey = context.survey;
    let messages = survey.own_messages().flat_map(|(_, message)| {
        let fields = message.fields.iter().map(|it| ("field", it.name.as_str(), &it.element));
        let oneofs = message.oneofs.iter().map(|(name, at)| ("oneof", name.as_str(), at));
        let own = ("message", message.name.as_str(), &message.element);
        [own].into_iter().chain(fields).chain(oneofs)
    });
    let enums = survey.files.iter().flat_map(|file| &file.enums);
    let enums = enums.filter_map(|name| survey.enums.get(name)).flat_map(|found| {
        let values = found.values.iter().map(|(name, _, at)| ("value", name.as_str(), at));
        [("enum", found.name.as_str(), &found.element)].into_iter().chain(values)
    });
    let services = survey.services().flat_map(|(_, service)| {
        let methods = service.methods.iter().map(|it| ("method", it.name.as_str(), &it.element));
        [("service", service.name.as_str(), &service.element)].into_iter().chain(methods)
    });
    messages.chain(enums).chain(services)
}

fn packages(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for package in &context.model.packages {
        let text = if package.modules.iter().any(String::is_empty) {
            format!("nothing is left of a part of package `{}` in Rust", package.name)
        } else if publisher(package).is_some_and(ident::begins_with_digit) {
            format!("no publisher of the events of `{}` can begin with a digit", package.name)
        } else {
            continue;
        };
        let files = context.survey.files_of(&package.name);
        let finding = |element| Finding::new(RULE.id, text.clone(), context.survey.name(element));
        let help = "begin each part of the name with a letter";
        findings.extend(files.map(|file| finding(&file.element).help(help)));
    }
}

/// What the publisher of a package's events is called after, if it has one.
fn publisher(package: &Package) -> Option<&str> {
    package.events.iter().find(|event| event.bucket.is_none())?;
    let versioned = package.major.is_some() && package.modules.len() > 1;
    package.modules.iter().rev().nth(usize::from(versioned)).map(String::as_str)
}
