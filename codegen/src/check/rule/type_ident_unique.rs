//! Keeps the types of a package apart after case conversion.
//!
//! # Why
//! Messages, enums, and the trait, client, server and mock of each service share one module: `HTTPRequest` and
//! `HttpRequest` are one type there, and a message called `ZooClient` is in the way of the client of `ZooService`, as
//! `ZooEvents` is of the package's publisher, `FeedError` of the errors that `Feed` declares, `CageStore` of the store of
//! bucket `cage`, if it has indexes, and `CageSteps` of its steps from one version to the next.
//!
//! # Fix
//! Rename one of them.

use std::collections::BTreeMap;

use heck::ToUpperCamelCase as _;

use crate::check::{Context, Rule};
use crate::diagnostic::{Finding, Place};
use crate::schema::ident;
use crate::schema::model::Package;

pub(in crate::check) const RULE: Rule =
    Rule { id: "TYPE_IDENT_UNIQUE", source: include_str!("type_ident_unique.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for package in &context.model.packages {
        let mut seen: BTreeMap<String, (String, Place)> = BTreeMap::new();
        let types = types(context, package);
        for (scope, ident, what, place) in types.into_iter().filter(|it| !it.1.is_empty()) {
            let key = format!("{scope}::{ident}");
            if let Some((other, first)) = seen.get(&key) {
                let text = format!("{what} and {other} both become `{ident}`");
                findings.push(
                    Finding::new(RULE.id, text, place)
                        .related(first.clone(), "the other one")
                        .help("rename one of them"),
                );
            } else {
                seen.insert(key, (what, place));
            }
        }
    }
}

/// Scope, Rust name, description and place of every type of a package.
fn types(context: &Context<'_>, package: &Package) -> Vec<(String, String, String, Place)> {
    let survey = context.survey;
    let scope = |full_name: &str| {
        let outer = full_name.rsplit_once('.').map_or("", |(outer, _)| outer);
        let inside = outer.strip_prefix(package.name.as_str()).unwrap_or_default();
        inside.split('.').map(ident::snake).collect::<Vec<_>>().join("::")
    };
    let files = || survey.files_of(&package.name);
    let mut list = Vec::new();
    let messages = files().flat_map(|file| &file.messages);
    for message in messages.filter_map(|name| survey.messages.get(name)) {
        let what = format!("message `{}`", message.full_name);
        let place = survey.name(&message.element);
        list.push((scope(&message.full_name), ident::camel(&message.name), what, place));
    }
    let enums = files().flat_map(|file| &file.enums);
    for found in enums.filter_map(|name| survey.enums.get(name)) {
        let what = format!("enum `{}`", found.full_name);
        list.push((
            scope(&found.full_name),
            ident::camel(&found.name),
            what,
            survey.name(&found.element),
        ));
    }
    let outermost = scope(&format!("{}.X", package.name));
    for service in files().flat_map(|file| &file.services) {
        let Some(model) = package.services.iter().find(|it| it.full_name == service.full_name)
        else {
            continue;
        };
        let (trait_name, stem) = (&model.name, &model.stem);
        let idents = [
            trait_name.clone(),
            format!("{stem}Client"),
            format!("{stem}Server"),
            format!("{stem}Mock"),
        ];
        for (ident, role) in idents.into_iter().zip(["trait", "client", "server", "mock"]) {
            let what = format!("the {role} of `{}`", service.full_name);
            list.push((outermost.clone(), ident, what, survey.name(&service.element)));
        }
        for (at, bucket) in model.buckets.iter().enumerate() {
            let Some(ident) = &bucket.store_ident else { continue };
            let what = format!("the store of bucket `{}`", bucket.name);
            let place = survey.option(&service.element, &format!("buckets[{at}].name"));
            list.push((outermost.clone(), ident.clone(), what, place));
        }
        for (method, written) in model.methods.iter().zip(&service.methods) {
            let Some(ident) = &method.error_ident else { continue };
            let what = format!("the errors of `{}`", method.full_name);
            list.push((outermost.clone(), ident.clone(), what, survey.name(&written.element)));
        }
        for bucket in &model.buckets {
            let Some(ident) = &bucket.steps_ident else { continue };
            let what = format!("the steps of bucket `{}`", bucket.name);
            list.push((outermost.clone(), ident.clone(), what, survey.name(&service.element)));
        }
    }
    let mut all = files().flat_map(|file| &file.messages).filter_map(|it| survey.messages.get(it));
    if let Some(event) = all.find(|message| message.event.is_some()) {
        let what = format!("the publisher of `{}`", package.name);
        list.push((outermost, publisher(package), what, survey.name(&event.element)));
    }
    list
}

/// What publishes the events of a package, such as `ZooEvents`.
fn publisher(package: &Package) -> String {
    let name = package.modules.iter().rev().nth(usize::from(package.major.is_some()));
    let name = name.map_or("", |name| name.trim_start_matches("r#"));
    format!("{}Events", name.to_upper_camel_case())
}
