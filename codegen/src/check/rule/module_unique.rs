//! Keeps the modules of a package apart.
//!
//! # Why
//! A service becomes a module beside `messages`, `events`, `streams` and `sealed`, and so does a package whose name goes on where
//! another one's ends: two of one name would be one file. `mod.rs` is the file of what is around it.
//!
//! # Fix
//! Rename one of them; a service called `MessagesService` is free.

use std::collections::BTreeMap;

use crate::check::{Context, Rule};
use crate::diagnostic::{Finding, Place};
use crate::schema::ident;
use crate::schema::model::Package;

pub(in crate::check) const RULE: Rule =
    Rule { id: "MODULE_UNIQUE", source: include_str!("module_unique.rs"), check };

/// What becomes a module, and where it is if somebody wrote it.
type Owner = (String, Option<Place>);

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for package in &context.model.packages {
        let mut seen: BTreeMap<String, Owner> = generated(context, package)
            .map(|(module, what)| (module.to_owned(), (what.to_owned(), None)))
            .collect();
        for (module, what, place) in services(context, package) {
            findings.extend(clash(&seen, &module, &what, &place));
            seen.entry(module).or_insert((what, Some(place)));
        }
        for other in &context.model.packages {
            let Some([module, ..]) = other.modules.strip_prefix(package.modules.as_slice()) else {
                continue;
            };
            let what = format!("package `{}`", other.name);
            findings.extend(clash(&seen, module, &what, &place(context, other)));
        }
        if package.modules.iter().any(|module| module == "r#mod") {
            let text =
                format!("package `{}` would be in `mod.rs`, as what is around it", package.name);
            let finding = Finding::new(RULE.id, text, place(context, package));
            findings.push(finding.help("call that part of its name otherwise"));
        }
    }
}

fn clash(
    seen: &BTreeMap<String, Owner>,
    module: &str,
    what: &str,
    place: &Place,
) -> Option<Finding> {
    let (other, first) = seen.get(module)?;
    let file = module.trim_start_matches("r#");
    let text = format!("{what} and {other} would both be in `{file}.rs`");
    let finding = Finding::new(RULE.id, text, place.clone()).help("rename one of them");
    Some(match first {
        Some(first) => finding.related(first.clone(), "the other one"),
        None => finding,
    })
}

/// Modules that a package has without a service.
fn generated(
    context: &Context<'_>,
    package: &Package,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut files = context.survey.files_of(&package.name);
    let messages = files.any(|file| !file.messages.is_empty() || !file.enums.is_empty());
    let streams = context.model.streams.iter().any(|stream| stream.package == package.name);
    let table = [
        ("messages", "the messages of its package", messages),
        ("events", "the events of its package", !package.events.is_empty()),
        ("streams", "the streams of its package", streams),
        ("sealed", "what is sealed of its package", !package.sealed.is_empty()),
        ("r#mod", "the module around it", true),
    ];
    table.into_iter().filter(|(.., there)| *there).map(|(module, what, _)| (module, what))
}

fn services(
    context: &Context<'_>,
    package: &Package,
) -> impl Iterator<Item = (String, String, Place)> {
    let written = context.survey.services().map(|(_, service)| service);
    let written =
        written.filter(|it| package.services.iter().any(|own| own.full_name == it.full_name));
    written.map(|service| {
        // As the module of the trait is called.
        let module = ident::snake(&ident::camel(&service.name));
        (module, format!("service `{}`", service.name), context.survey.name(&service.element))
    })
}

fn place(context: &Context<'_>, package: &Package) -> Place {
    let file = context.survey.files_of(&package.name).next();
    file.map_or_else(|| Place::file(&package.name), |file| context.survey.name(&file.element))
}
