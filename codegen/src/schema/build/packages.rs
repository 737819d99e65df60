use std::collections::{BTreeMap, BTreeSet};

use super::sealed::Ways;
use super::types::resolve;
use super::{events, services};
use crate::input::{Input, without_prefix};
use crate::schema::ident;
use crate::schema::model::{Package, Redacted};
use crate::schema::survey::{File, Message, Survey};

/// Every package of the judged files, by name.
pub(super) fn packages(input: &Input, survey: &Survey) -> Vec<Package> {
    let mut by_name: BTreeMap<&str, Vec<&File>> = BTreeMap::new();
    for file in &survey.files {
        by_name.entry(&file.package).or_default().push(file);
    }
    let known: BTreeSet<&str> = by_name.keys().copied().collect();
    let ways = Ways::new(survey);
    by_name
        .iter()
        .map(|(name, files)| {
            let mut package = package(input, survey, &known, name, files);
            package.sealed = ways.sealed(&package);
            package
        })
        .collect()
}

fn package(
    input: &Input,
    survey: &Survey,
    known: &BTreeSet<&str>,
    name: &str,
    files: &[&File],
) -> Package {
    let messages = || {
        let names = files.iter().flat_map(|file| &file.messages);
        names.filter_map(|name| survey.messages.get(name))
    };
    let major = major(name);
    let short = short(input, name);
    let declared = files.iter().flat_map(|file| file.services.iter().map(move |it| (*file, it)));
    let owner = services::Owner { package: name, short: &short, major };
    let services = declared.map(|(file, it)| services::service(survey, &owner, file, it)).collect();
    Package {
        name: name.to_owned(),
        modules: short.split('.').filter(|part| !part.is_empty()).map(ident::snake).collect(),
        major,
        files: files.iter().map(|file| file.element.file.clone()).collect(),
        docs: files
            .iter()
            .map(|file| &file.docs)
            .find(|docs| !docs.is_empty())
            .cloned()
            .unwrap_or_default(),
        dependencies: dependencies(name, known, survey),
        services,
        events: messages().filter_map(|message| events::event(survey, message)).collect(),
        redacted: messages().filter_map(|message| redacted(survey, message)).collect(),
        sealed: Vec::new(),
    }
}

/// Major version in a package's last component.
pub(crate) fn major(package: &str) -> Option<u32> {
    let last = package.rsplit('.').next()?;
    let digits = last.strip_prefix('v')?;
    let canonical = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| canonical)
}

/// A package's name without the prefix that module paths leave out.
fn short(input: &Input, name: &str) -> String {
    without_prefix(name, &input.strip_prefix)
        .filter(|rest| !rest.is_empty())
        .unwrap_or(name)
        .to_owned()
}

fn dependencies(package: &str, known: &BTreeSet<&str>, survey: &Survey) -> Vec<String> {
    let used: BTreeSet<_> = survey.uses(package).iter().map(|used| used.package).collect();
    let others = used.into_iter().filter(|name| *name != package && known.contains(name));
    others.map(str::to_owned).collect()
}

fn redacted(survey: &Survey, message: &Message) -> Option<Redacted> {
    if !message.fields.iter().any(|field| field.sensitive) {
        return None;
    }
    let mut fields: Vec<(String, bool)> = Vec::new();
    for field in &message.fields {
        let ident = ident::snake(field.oneof.as_ref().unwrap_or(&field.name));
        match fields.iter_mut().find(|(known, _)| *known == ident) {
            // One secret member makes the whole oneof secret.
            Some((_, secret)) => *secret |= field.sensitive,
            None => fields.push((ident, field.sensitive)),
        }
    }
    let secrets = message.fields.iter().filter(|field| field.sensitive);
    let secrets = secrets.map(|field| (field.number, field.name.clone())).collect();
    Some(Redacted { message: resolve(survey, &message.full_name), fields, secrets })
}
