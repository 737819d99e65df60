//! Events of a package, and what publishes them.

use heck::{ToShoutySnakeCase as _, ToUpperCamelCase as _};
use proc_macro2::TokenStream;
use quote::quote;

use super::layout::{self, Place};
use super::names::Names;
use super::service::deprecated;
use super::source::{Source, ident, prefixed};
use super::{Context, Files, docs, sealed, spec, subject};
use crate::schema::model::{Event, Package, Storage};

pub(super) fn emit(context: &Context<'_>, package: &Package, files: &mut Files) {
    if package.events.is_empty() {
        return;
    }
    let publisher = publisher_name(package);
    let own: Vec<_> = publisher.iter().map(String::as_str).collect();
    let mut names = Names::new(context, package, &own);
    let specs = package.events.iter().map(|event| event_spec(context, package, event));
    let impls: Vec<_> = package.events.iter().map(|event| event_impl(event, &mut names)).collect();
    let used = publisher.iter().flat_map(|_| ["Connection", "Published", "Result"]);
    let publisher = publisher.as_ref().map(|name| self::publisher(name, package, &mut names));
    let source = Source::new(package)
        .docs(&format!("Events of `{}`.", package.name))
        .import(&context.runtime(""), ["Event"].into_iter().chain(used))
        .import(&context.runtime("spec"), ["EventSpec", "Storage"])
        .import(&context.runtime("subject"), ["Subject"])
        .imports(names.imports())
        .items(quote! {
            pub mod subject;

            #(#specs)*
            #(#impls)*
            #publisher
        });
    files.add(context.place(&package.name).file(&["events"]), source.text());
}

/// Events that are published as such: one that is the write of a bucket is published by writing it there.
fn published(package: &Package) -> impl Iterator<Item = &Event> {
    package.events.iter().filter(|event| event.bucket.is_none())
}

fn publisher(name: &str, package: &Package, names: &mut Names<'_>) -> TokenStream {
    let methods: Vec<_> = published(package).map(|event| publish(event, names)).collect();
    let about = format!(" Publishes the events of `{}`.", package.name);
    let name = ident(name);
    quote! {
        #[doc = #about]
        #[derive(Clone, Debug)]
        pub struct #name {
            connection: Connection,
        }

        impl #name {
            /// Makes a publisher that speaks over a connection.
            #[must_use]
            pub fn new(connection: &Connection) -> Self {
                Self { connection: connection.clone() }
            }

            #(#methods)*
        }
    }
}

/// Name of a package's publisher, such as `TimeManagerEvents`, if there is anything for it to publish.
pub(super) fn publisher_name(package: &Package) -> Option<String> {
    published(package).next()?;
    let versioned = package.major.is_some() && package.modules.len() > 1;
    let name = package.modules.iter().rev().nth(usize::from(versioned));
    Some(format!("{}Events", layout::plain(name?).to_upper_camel_case()))
}

/// Path of an event's static, as code at a place names it.
pub(super) fn static_path(context: &Context<'_>, event: &Event, from: &Place) -> String {
    let package = &event.message.package;
    let module = context.elsewhere(package);
    let module = module.unwrap_or_else(|| context.place(package).path_from(from));
    format!("{module}::events::{}", static_name(event))
}

fn static_name(event: &Event) -> String {
    layout::plain(&event.ident).to_shouty_snake_case()
}

fn event_spec(context: &Context<'_>, package: &Package, event: &Event) -> TokenStream {
    let Event { message, stream, bucket, .. } = event;
    let about = format!(" What the schema says of `{}`.", message.full_name);
    let (constant, name, filter) =
        (ident(&static_name(event)), &message.full_name, event.subject.pattern());
    // What names no stream was refused.
    let kept = context.model.streams.iter().find(|declared| declared.name == *stream);
    let (storage, replicas) =
        kept.map_or((Storage::File, 1), |stream| (stream.storage, stream.replicas));
    let (storage, replicas) = (spec::storage(storage), spec::number(replicas));
    let bucket = bucket.as_ref().map_or_else(|| quote! { None }, |bucket| quote! { Some(#bucket) });
    let sealed = sealed::value(package, message, 1);
    quote! {
        #[doc = #about]
        pub static #constant: EventSpec = EventSpec {
            name: #name,
            filter: #filter,
            stream: #stream,
            storage: #storage,
            replicas: #replicas,
            bucket: #bucket,
            sealed: #sealed,
        };
    }
}

fn event_impl(event: &Event, names: &mut Names<'_>) -> TokenStream {
    let (message, constant) = (names.message(&event.message), ident(&static_name(event)));
    let call = subject::call(&event.ident, &subject::fields(&event.subject), &quote! { self });
    quote! {
        impl Event for #message {
            fn spec() -> &'static EventSpec {
                &#constant
            }

            fn subject(&self) -> Subject {
                subject::#call
            }
        }
    }
}

fn publish(event: &Event, names: &mut Names<'_>) -> TokenStream {
    let name = event.message.path.last().map_or("", |name| layout::plain(name));
    let docs = docs::attributes(&format!("Publishes `{name}`.\n\n{}", docs::flush(&event.docs)));
    let deprecated = deprecated(event.deprecated);
    let message = names.message(&event.message);
    let name =
        if event.ident == "new" { prefixed("publish_", &event.ident) } else { ident(&event.ident) };
    quote! {
        #docs
        #deprecated
        pub async fn #name(&self, event: &#message) -> Result<Published> {
            self.connection.publish(event).await
        }
    }
}
