//! What the schema says of a service, as statics.

use std::time::Duration;

use heck::ToShoutySnakeCase as _;
use proc_macro2::TokenStream;
use quote::quote;

use super::events;
use super::layout::Place;
use super::methods::Methods;
use super::service::{Parts, module};
use super::source::{Source, ident, tokens};
use super::{Context, Files, docs, policy, sealed, store};
use crate::schema::model::{Bucket, Consume, Earlier, Package, Service, Storage};

pub(super) fn emit(context: &Context<'_>, package: &Package, service: &Service, files: &mut Files) {
    let place = context.place(&package.name);
    let buckets = service.buckets.iter().map(|it| bucket(package, it, service));
    let buckets: Vec<_> = buckets.collect();
    let source = Source::new(package)
        .docs(&format!("What the schema says of `{}`.", service.full_name))
        .import("std::time", duration_used(service))
        .import(&context.runtime("spec"), used(package, service))
        .items(spec(context, package, service))
        .items(quote! { #(#buckets)* });
    files.add(place.file(&[&module(service), "spec"]), source.text());
}

/// Name of a bucket's static.
pub(super) fn bucket_name(bucket: &Bucket) -> String {
    bucket_constant(&bucket.ident)
}

/// The same, from the stem.
pub(super) fn bucket_constant(stem: &str) -> String {
    format!("{}_BUCKET", stem.to_shouty_snake_case())
}

fn used(package: &Package, service: &Service) -> Vec<&'static str> {
    let consumes: &[_] = if service.consumes.is_empty() { &[] } else { &["ConsumeSpec"] };
    let buckets: &[_] =
        if service.buckets.is_empty() { &[] } else { &["BucketSpec", "Storage", "Versions"] };
    let indexes = store::used(service);
    let has_steps = service.buckets.iter().any(|bucket| !bucket.earlier.is_empty());
    let earlier: &[_] = if has_steps { &["Earlier"] } else { &[] };
    let methods = Methods::used(package, service);
    [&["ServiceSpec"], &*methods, consumes, buckets, &indexes, earlier].concat()
}

fn duration_used(service: &Service) -> Option<&'static str> {
    let used =
        !service.methods.is_empty() || service.buckets.iter().any(|bucket| bucket.ttl.is_some());
    used.then_some("Duration")
}

fn spec(context: &Context<'_>, package: &Package, service: &Service) -> TokenStream {
    let about = format!(
        " What the schema says of [`{}`](super::{}).",
        Parts::of(service).name,
        service.name
    );
    let Service { full_name, subject, queue_group, version, schema_hash, calls, .. } = service;
    let description = docs::summary(&service.docs);
    let Methods { usual, each } = Methods::new(package, service);
    let place = context.place(&package.name);
    let event = |it| tokens(&events::static_path(context, it, place));
    let publishes = package.events.iter().map(event);
    let consumes = service.consumes.iter().map(|it| consume(context, it, place));
    let buckets = service.buckets.iter().map(|it| ident(&bucket_name(it)));
    quote! {
        #[doc = #about]
        pub static SPEC: ServiceSpec = ServiceSpec {
            name: #full_name,
            description: #description,
            subject: #subject,
            queue_group: #queue_group,
            version: #version,
            schema_hash: #schema_hash,
            methods: &[#(#each),*],
            publishes: &[#(&#publishes),*],
            consumes: &[#(#consumes),*],
            buckets: &[#(&#buckets),*],
            calls: &[#(#calls),*],
        };
        #usual
    }
}

fn consume(context: &Context<'_>, consume: &Consume, place: &Place) -> TokenStream {
    let durable = &consume.durable;
    let event = tokens(&events::static_path(context, &consume.event, place));
    quote! { ConsumeSpec { durable: #durable, event: &#event } }
}

fn bucket(package: &Package, bucket: &Bucket, service: &Service) -> TokenStream {
    let Bucket { name, value, indexes, history, ttl, storage, replicas, .. } = bucket;
    let indexes = indexes.iter().map(store::index);
    let about = format!(" Bucket `{name}` of [`{}`](super::{}).", service.name, service.name);
    let sealed = sealed::value(package, value, 2);
    let (constant, value) = (ident(&bucket_name(bucket)), &value.full_name);
    let (history, replicas) = (number(*history), number(*replicas));
    let ttl = policy::maybe(*ttl);
    let storage = self::storage(*storage);
    let versions = versions(package, bucket);
    quote! {
        #[doc = #about]
        pub static #constant: BucketSpec = BucketSpec {
            name: #name,
            value: #value,
            sealed: #sealed,
            indexes: &[#(#indexes),*],
            history: #history,
            ttl: #ttl,
            storage: #storage,
            replicas: #replicas,
            versions: #versions,
        };
    }
}

/// In which versions a bucket's values are.
fn versions(package: &Package, bucket: &Bucket) -> TokenStream {
    let Bucket { version, writes, earlier, .. } = bucket;
    if (*version, *writes) == (1, 1) {
        return quote! { Versions::FIRST };
    }
    let earlier = earlier.iter().map(|Earlier { version, value }| {
        let (version, sealed) = (number(*version), sealed::value(package, value, 2));
        let value = &value.full_name;
        quote! { Earlier { version: #version, value: #value, sealed: #sealed } }
    });
    let (version, writes) = (number(*version), number(*writes));
    quote! {
        Versions { current: #version, written: #writes, earlier: &[#(#earlier),*] }
    }
}

/// Where something is kept.
pub(super) fn storage(storage: Storage) -> TokenStream {
    match storage {
        Storage::File => quote! { Storage::File },
        Storage::Memory => quote! { Storage::Memory },
    }
}

/// A duration in the largest unit that divides it.
pub(super) fn duration(duration: Duration) -> TokenStream {
    let nanos = duration.as_nanos();
    let (unit, count) = match nanos {
        _ if nanos.is_multiple_of(1_000_000_000) => ("from_secs", nanos / 1_000_000_000),
        _ if nanos.is_multiple_of(1_000_000) => ("from_millis", nanos / 1_000_000),
        _ if nanos.is_multiple_of(1_000) => ("from_micros", nanos / 1_000),
        _ => ("from_nanos", nanos),
    };
    let (unit, count) = (ident(unit), number(count));
    quote! { Duration::#unit(#count) }
}

/// A number with its thousands apart.
pub(super) fn number(number: impl Into<u128>) -> TokenStream {
    let digits = number.into().to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    tokens(&groups.join("_"))
}
