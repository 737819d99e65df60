//! Manifests of the generated crates.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;

use super::layout::Crate;
use super::source::{header, origin};
use super::{Context, Files, Layout, messages, well_known};
use crate::schema::model::Package;

pub(super) fn emit(context: &Context<'_>, files: &mut Files) {
    if !matches!(context.settings.layout, Layout::Crates { .. }) {
        return;
    }
    for (krate, packages) in crates(context) {
        let manifest = Manifest::new(context, krate, &packages);
        files.add(format!("rust/{}/Cargo.toml", krate.folder), manifest.text());
    }
    let first = header("#", "its settings");
    files.add("rustfmt.toml", format!("{first}\ndisable_all_formatting = true\n"));
}

/// Crates with the packages that each holds.
fn crates<'a>(context: &'a Context<'_>) -> BTreeMap<&'a Crate, Vec<&'a Package>> {
    let mut crates: BTreeMap<&Crate, Vec<&Package>> = BTreeMap::new();
    for package in context.packages() {
        if let Some(krate) = &context.place(&package.name).krate {
            crates.entry(krate).or_default().push(package);
        }
    }
    crates
}

#[derive(Template)]
#[template(path = "manifest/Cargo.toml", escape = "none")]
struct Manifest {
    header: String,
    name: String,
    description: String,
    features: Vec<String>,
    /// Inherited dependencies.
    workspace: BTreeSet<String>,
    /// Generated crates beside this one, and their folders.
    siblings: BTreeMap<String, String>,
}

impl Manifest {
    fn new(context: &Context<'_>, krate: &Crate, packages: &[&Package]) -> Self {
        let names: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
        let origins: Vec<_> = packages.iter().map(|package| origin(package)).collect();
        let dependencies = packages.iter().flat_map(|package| &package.dependencies);
        let here = dependencies.filter(|name| context.elsewhere(name).is_none());
        let crates = here.filter_map(|name| context.places.get(name)?.krate.as_ref());
        let siblings = crates.filter(|other| *other != krate);
        Self {
            header: header("#", &origins.join(", ")).trim_end().to_owned(),
            name: krate.name.clone(),
            description: format!("Messages, services and events of {}", names.join(", ")),
            features: context.settings.mock_feature.iter().cloned().collect(),
            workspace: workspace(context, packages),
            siblings: siblings.map(|krate| (krate.name.clone(), krate.folder.clone())).collect(),
        }
    }

    fn text(&self) -> String {
        match self.render() {
            Ok(text) => text,
            Err(error) => panic!("the template of a manifest fails: {error}"),
        }
    }
}

fn workspace(context: &Context<'_>, packages: &[&Package]) -> BTreeSet<String> {
    let runtime = context.settings.runtime.trim_start_matches("::").replace('_', "-");
    let needs_runtime = |package: &&Package| {
        let streams = context.model.streams.iter().any(|stream| stream.package == package.name);
        !package.services.is_empty() || !package.events.is_empty() || streams
    };
    let runtime = packages.iter().any(needs_runtime).then_some(runtime);
    let declares = packages.iter().any(|package| messages::declared(context, package));
    let prost = declares.then(|| "prost".to_owned());
    let uses = packages.iter().flat_map(|package| context.schema.survey.uses(&package.name));
    let named = uses.filter_map(|used| match well_known(used.name) {
        Some(native) => krate(native.strip_prefix("::")?),
        None => krate(context.elsewhere(used.package)?),
    });
    runtime.into_iter().chain(prost).chain(named).collect()
}

/// The crate that a path begins with, as a manifest names it.
fn krate(path: &str) -> Option<String> {
    let krate = path.trim_start_matches("::").split("::").next()?;
    (!["crate", "self", "super"].contains(&krate)).then(|| krate.replace('_', "-"))
}
