//! Streams that a package declares.

use proc_macro2::TokenStream;
use quote::quote;

use super::source::Source;
use super::{Context, Files, spec};
use crate::schema::model::{Package, Source as Bucket, Stream};

pub(super) fn emit(context: &Context<'_>, package: &Package, files: &mut Files) {
    let streams = of(context, package);
    if streams.is_empty() {
        return;
    }
    let specs = streams.iter().map(|it| stream(it));
    let sources = streams.iter().any(|stream| !stream.sources.is_empty()).then_some("SourceSpec");
    let about = format!(" Every stream that `{}` declares.", package.name);
    let source = Source::new(package)
        .docs(&format!("Streams that `{}` declares.", package.name))
        .import("std::time", ["Duration"])
        .import(&context.runtime("spec"), ["Storage", "StreamSpec"].into_iter().chain(sources))
        .items(quote! {
            #[doc = #about]
            pub static STREAMS: &[StreamSpec] = &[#(#specs),*];
        });
    files.add(context.place(&package.name).file(&["streams"]), source.text());
}

/// Streams that a package declares.
pub(super) fn of<'a>(context: &Context<'a>, package: &Package) -> Vec<&'a Stream> {
    context.model.streams.iter().filter(|stream| stream.package == package.name).collect()
}

fn stream(stream: &Stream) -> TokenStream {
    let Stream {
        name,
        subjects,
        max_age,
        storage,
        replicas,
        duplicate_window,
        max_bytes,
        package: _,
        sources,
    } = stream;
    let storage = spec::storage(*storage);
    let (max_age, duplicate_window) = (spec::duration(*max_age), spec::duration(*duplicate_window));
    let replicas = spec::number(*replicas);
    let max_bytes = max_bytes.map(spec::number);
    let max_bytes = max_bytes.map_or_else(|| quote! { None }, |bytes| quote! { Some(#bytes) });
    let sources = sources.iter().map(source);
    quote! {
        StreamSpec {
            name: #name,
            subjects: &[#(#subjects),*],
            max_age: #max_age,
            storage: #storage,
            replicas: #replicas,
            duplicate_window: #duplicate_window,
            max_bytes: #max_bytes,
            sources: &[#(#sources),*],
        }
    }
}

fn source(source: &Bucket) -> TokenStream {
    let Bucket { bucket, destination } = source;
    quote! { SourceSpec { bucket: #bucket, destination: #destination } }
}
