//! The tree of modules that holds every package.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;

use super::layout::plain;
use super::source::{Source, header, ident, origin};
use super::{
    Context, Files, Layout, docs, events, format, messages, method_table, sealed, service, streams,
};
use crate::schema::model::Package;

pub(super) fn emit(context: &Context<'_>, files: &mut Files) {
    for (root, tree) in trees(context) {
        tree.emit(context, &root, &mut Vec::new(), files);
    }
}

/// A module, by what is in it.
#[derive(Default)]
struct Tree<'a> {
    package: Option<&'a Package>,
    children: BTreeMap<String, Tree<'a>>,
    /// Packages anywhere below.
    below: Vec<&'a Package>,
}

fn trees<'a>(context: &Context<'a>) -> BTreeMap<String, Tree<'a>> {
    let mut trees: BTreeMap<String, Tree<'a>> = BTreeMap::new();
    for package in context.packages() {
        let place = context.place(&package.name);
        let mut tree = trees.entry(place.root.clone()).or_default();
        tree.below.push(package);
        for module in &place.modules {
            tree = tree.children.entry(module.clone()).or_default();
            tree.below.push(package);
        }
        tree.package = Some(package);
    }
    trees
}

impl Tree<'_> {
    fn emit(&self, context: &Context<'_>, root: &str, path: &mut Vec<String>, files: &mut Files) {
        files.add(file(context, root, path), self.text(context, path));
        for (name, child) in &self.children {
            path.push(name.clone());
            child.emit(context, root, path, files);
            path.pop();
        }
    }

    fn text(&self, context: &Context<'_>, path: &[String]) -> String {
        let entry = path.is_empty() && matches!(context.settings.layout, Layout::Modules { .. });
        let allow = entry.then(|| {
            quote! { #[allow(dead_code, unused_imports, reason = "no program uses all")] }
        });
        let children = self.children.keys().map(|name| {
            let name = ident(name);
            quote! { #allow pub mod #name; }
        });
        let children = quote! { #(#children)* };
        let crates = if path.is_empty() { self.crates(context) } else { TokenStream::new() };
        match self.package {
            Some(package) => {
                let source = Source::new(package).docs(&docs_of(package));
                let source = if deprecates(context, package) {
                    source.inner(allow_deprecated())
                } else {
                    source
                };
                source.items(children).items(content(context, package)).items(crates).text()
            }
            None => self.folder(context, path, &quote! { #children #crates }),
        }
    }

    /// Writes a module that holds other packages only.
    fn folder(&self, context: &Context<'_>, path: &[String], items: &TokenStream) -> String {
        let names: Vec<_> = self.below.iter().map(|package| package.name.as_str()).collect();
        let origins: Vec<_> = self.below.iter().map(|package| origin(package)).collect();
        let mut text = header("//", &origins.join(", "));
        text.push('\n');
        // The entry of a tree is included into a module that exists: nothing but items may stand there.
        if !(path.is_empty() && matches!(context.settings.layout, Layout::Modules { .. })) {
            let names = names.join("`, `");
            text.extend(["//! Messages, services and events of `", &names, "`.\n\n"]);
        }
        text.push_str(&format::items(items));
        text
    }

    /// Crates that the method tables of this crate name, for those who don't depend on them.
    fn crates(&self, context: &Context<'_>) -> TokenStream {
        if !matches!(context.settings.layout, Layout::Crates { .. }) {
            return TokenStream::new();
        }
        let named =
            self.below.iter().flat_map(|package| method_table::crates_named(context, package));
        let named: BTreeSet<_> = named.collect();
        if named.is_empty() {
            return TokenStream::new();
        }
        let crates = named.iter().map(|name| {
            let name = ident(name);
            quote! { pub use ::#name; }
        });
        quote! {
            #[doc(hidden)]
            pub mod __crates {
                #(#crates)*
            }
        }
    }
}

fn file(context: &Context<'_>, root: &str, path: &[String]) -> String {
    match (path, &context.settings.layout) {
        ([], Layout::Crates { .. }) => format!("{root}lib.rs"),
        ([], Layout::Modules { .. }) => format!("{root}mod.rs"),
        (path, _) => format!(
            "{root}{}.rs",
            path.iter().map(|name| plain(name)).collect::<Vec<_>>().join("/")
        ),
    }
}

fn docs_of(package: &Package) -> String {
    let name = format!("Package `{}`.", package.name);
    let docs = docs::lines(&package.docs);
    if docs.is_empty() { name } else { format!("{name}\n\n{}", package.docs) }
}

/// Whether the code of a package names something deprecated.
fn deprecates(context: &Context<'_>, package: &Package) -> bool {
    let mut named = package.dependencies.iter().chain([&package.name]);
    named.any(|name| context.deprecated.contains(name))
}

fn allow_deprecated() -> TokenStream {
    quote! { #![allow(deprecated, reason = "what the schema deprecates is served all the same")] }
}

fn content(context: &Context<'_>, package: &Package) -> TokenStream {
    let messages = messages::declared(context, package);
    let events = (!package.events.is_empty()).then(|| {
        let publisher = events::publisher_name(package).map(|name| ident(&name));
        (quote! { pub mod events; }, publisher.map(|name| quote! { pub use events::#name; }))
    });
    let (events, publisher) = events.unzip();
    let publisher = publisher.flatten();
    let messages =
        messages.then(|| (quote! { pub mod messages; }, quote! { pub use messages::*; }));
    let (messages, every_message) = messages.unzip();
    let streams = (!streams::of(context, package).is_empty())
        .then(|| (quote! { pub mod streams; }, quote! { pub use streams::STREAMS; }));
    let (streams, every_stream) = streams.unzip();
    let sealed = (!package.sealed.is_empty()).then(|| {
        let module = ident(sealed::MODULE);
        quote! { mod #module; }
    });
    let mut sorted: Vec<_> = package.services.iter().collect();
    sorted.sort_by_key(|service| service::module(service));
    let services = sorted.iter().map(|it| ident(&service::module(it)));
    let exports = sorted.iter().map(|it| service_exports(it));
    let gate = service::mock_gate(context);
    let mocks = sorted.iter().map(|it| {
        let (module, mock) = (ident(&service::module(it)), ident(&service::exports(it).1));
        quote! { #gate pub use #module::#mock; }
    });
    quote! {
        #events
        #messages
        #streams
        #(pub mod #services;)*

        #sealed

        #publisher
        #every_message
        #every_stream
        #(#exports)*
        #(#mocks)*
    }
}

fn service_exports(it: &crate::schema::model::Service) -> TokenStream {
    let module = ident(&service::module(it));
    let mut names = service::exports(it).0;
    names.sort();
    let names = names.iter().map(|name| ident(name));
    quote! { pub use #module::{#(#names),*}; }
}
