//! The mock of a service: a closure for each method.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use super::names::Names;
use super::service::{Parts, deprecated, module, own, streams, takes_and_gives};
use super::source::{Source, ident};
use super::{Context, Files, error, layout};
use crate::schema::model::{Kind, Package, Service};

pub(super) fn emit(context: &Context<'_>, package: &Package, service: &Service, files: &mut Files) {
    let parts = Parts::of(service);
    let mut names = Names::new(context, package, &own(service, &parts));
    let entries = entries(service, &mut names);
    let source = Source::new(package)
        .docs(&format!("Mock of `{}`.", service.full_name))
        .import("std::future", ["Future"])
        .import(&context.runtime(""), ["Context", "Result"])
        .import(&context.runtime(""), streams(service))
        .import(&context.runtime("mock"), ["Answer", "Calls"])
        .imports(names.imports())
        .items(imports(service, &parts))
        .items(declaration(service, &parts, &entries))
        .items(setters(&parts, &entries))
        .items(implementation(&parts, &entries));
    files.add(context.place(&package.name).file(&[&module(service), "mock"]), source.text());
}

/// One method of the trait.
struct Entry {
    name: String,
    /// What the schema calls it.
    label: String,
    argument: &'static str,
    takes: TokenStream,
    gives: TokenStream,
    /// What it fails with, where that isn't a plain status.
    error: Option<TokenStream>,
}

fn entries(service: &Service, names: &mut Names<'_>) -> Vec<Entry> {
    let methods = service.methods.iter().map(|method| {
        let (takes, gives) = takes_and_gives(method, names);
        let argument = match method.kind {
            Kind::Unary | Kind::ServerStream => "request",
            Kind::ClientStream | Kind::Bidirectional => "requests",
        };
        let (name, label) = (method.ident.clone(), method.name.clone());
        Entry { name, label, argument, takes, gives, error: error::argument(method) }
    });
    let mut entries: Vec<_> = methods.collect();
    entries.extend(service.consumes.iter().map(|consume| {
        let event = &consume.event.message;
        let (name, label) = (consume.ident.clone(), event.full_name.clone());
        let (takes, gives) = (names.message(event), quote! { () });
        Entry { name, label, argument: "event", takes, gives, error: None }
    }));
    entries
}

fn imports(service: &Service, parts: &Parts) -> TokenStream {
    let name = ident(&parts.name);
    let Some(client) = &parts.client else { return quote! { use super::#name; } };
    let (client, server) = (ident(client), ident(&parts.server));
    let errors = error::import(service, &quote! { use super::error });
    quote! {
        #errors
        use super::{#client, #server, #name};
    }
}

fn declaration(service: &Service, parts: &Parts, entries: &[Entry]) -> TokenStream {
    let mock = ident(&parts.mock);
    let about = format!(" Stands in for [`{}`](super::{}) in tests.", parts.name, parts.name);
    let deprecated = deprecated(service.deprecated);
    let fields = entries.iter().map(|Entry { name, takes, gives, error, .. }| {
        let name = ident(name);
        quote! { #name: Answer<#takes, #gives #error>, }
    });
    quote! {
        #[doc = #about]
        ///
        /// A method without an answer is `UNIMPLEMENTED`. Clones share their answers and what was called.
        #deprecated
        #[derive(Clone, Debug, Default)]
        pub struct #mock {
            calls: Calls,
            #(#fields)*
        }
    }
}

fn setters(parts: &Parts, entries: &[Entry]) -> TokenStream {
    let (mock, client) = (ident(&parts.mock), client(parts));
    let names = setter_names(entries.iter().map(|entry| entry.name.as_str()));
    let setters = entries.iter().zip(&names).map(|(entry, name)| setter(entry, name));
    quote! {
        impl #mock {
            /// Makes a mock that answers nothing yet.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }

            #client

            /// Lists what was called so far, by the schema's names.
            #[must_use]
            pub fn calls(&self) -> Vec<&'static str> {
                self.calls.list()
            }

            #(#setters)*
        }
    }
}

fn client(parts: &Parts) -> TokenStream {
    let Some(client) = &parts.client else { return TokenStream::new() };
    let (client, server) = (ident(client), ident(&parts.server));
    quote! {
        /// Makes a client whose calls reach this mock, over an in-process bus and the real codec.
        #[must_use]
        pub fn client(&self) -> #client {
            #client::new(&self.calls.serve(#server::new(self.clone())))
        }
    }
}

/// Names of the builders that set the methods' answers: `on_` and the method, or the method itself where it begins so.
fn setter_names<'a>(methods: impl Iterator<Item = &'a str>) -> Vec<String> {
    let methods: Vec<_> = methods.map(layout::plain).collect();
    let begins = |name: &str| name.starts_with("on_");
    let others = methods.iter().filter(|name| !begins(name)).map(|name| format!("on_{name}"));
    let mut taken: BTreeSet<_> = others.collect();
    // `TimeTick` called and `TimeTick` consumed would share a setter, and `TimeTickEvent` may be called, too.
    let free = methods.iter().copied().filter(|name| begins(name) && !taken.contains(*name));
    let free: BTreeSet<_> = free.collect();
    taken.extend(free.iter().map(|&name| name.to_owned()));
    let mut name = |method: &str| {
        if !begins(method) {
            return format!("on_{method}");
        }
        if free.contains(method) {
            return method.to_owned();
        }
        let mut name = format!("{method}_event");
        while !taken.insert(name.clone()) {
            name.push_str("_event");
        }
        name
    };
    methods.iter().map(|method| name(method)).collect()
}

fn setter(entry: &Entry, set: &str) -> TokenStream {
    let Entry { name, label, takes, gives, error, .. } = entry;
    let about = format!(" Answers `{label}`.");
    let (name, set) = (ident(name), ident(set));
    quote! {
        #[doc = #about]
        #[must_use]
        pub fn #set<F, A>(mut self, answer: F) -> Self
        where
            F: Fn(Context, #takes) -> A + Send + Sync + 'static,
            A: Future<Output = Result<#gives #error>> + Send + 'static,
        {
            self.#name = Answer::new(answer);
            self
        }
    }
}

fn implementation(parts: &Parts, entries: &[Entry]) -> TokenStream {
    let (mock, name) = (ident(&parts.mock), ident(&parts.name));
    let methods = entries.iter().map(|Entry { name, label, argument, takes, gives, error }| {
        let (name, argument) = (ident(name), ident(argument));
        quote! {
            async fn #name(&self, ctx: &Context, #argument: #takes) -> Result<#gives #error> {
                self.calls.answer(#label, &self.#name, ctx, #argument).await
            }
        }
    });
    quote! {
        impl #name for #mock {
            #(#methods)*
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_methods_share_a_setter() {
        let names = |methods: &[&str]| setter_names(methods.iter().copied());
        assert_eq!(names(&["r#type", "on_tick"]), ["on_type", "on_tick"]);
        assert_eq!(names(&["tick", "on_tick"]), ["on_tick", "on_tick_event"]);
        assert_eq!(
            names(&["tick", "tick_event", "on_tick", "on_tick_event"]),
            ["on_tick", "on_tick_event", "on_tick_event_event", "on_tick_event_event_event"]
        );
        assert_eq!(
            names(&["tick", "on_tick", "on_tick_event"]),
            ["on_tick", "on_tick_event_event", "on_tick_event"]
        );
    }
}
