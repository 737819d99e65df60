//! How answers of a method are kept near its callers, as part of its static.

use proc_macro2::TokenStream;
use quote::quote;

use super::policy::maybe;
use super::source::ident;
use super::spec::{duration, number};
use crate::schema::model::{Cache, Invalidation, KeyField, KeyPart, Service};

/// The value of a policy's `cache`.
pub(super) fn value(cache: &Cache, schema: &str) -> TokenStream {
    let Cache { key, local_ttl, shared_ttl, negative_ttl, stale_ttl, invalidated_by } = cache;
    let (local_ttl, shared_ttl) = (duration(*local_ttl), maybe(*shared_ttl));
    let (negative_ttl, stale_ttl) = (maybe(*negative_ttl), maybe(*stale_ttl));
    let key = key.iter().map(part);
    let invalidated_by = invalidated_by.iter().map(invalidation);
    quote! {
        cache: Some(Cache {
            schema: #schema,
            key: &[#(#key),*],
            local_ttl: #local_ttl,
            shared_ttl: #shared_ttl,
            negative_ttl: #negative_ttl,
            stale_ttl: #stale_ttl,
            invalidated_by: &[#(#invalidated_by),*],
        }),
    }
}

/// Types that the caches of a service's methods are made of.
pub(super) fn used(service: &Service) -> Vec<&'static str> {
    let caches = || service.methods.iter().filter_map(|method| method.cache.as_ref());
    let fields = caches().flat_map(|cache| &cache.key).any(|it| matches!(it, KeyPart::Field(_)));
    let keys = caches().any(|cache| !cache.key.is_empty());
    let events = caches().any(|cache| !cache.invalidated_by.is_empty());
    [
        ("Cache", caches().next().is_some()),
        ("Invalidation", events),
        ("KeyPart", keys),
        ("Scalar", fields),
    ]
    .into_iter()
    .filter_map(|(name, used)| used.then_some(name))
    .collect()
}

fn part(part: &KeyPart) -> TokenStream {
    match part {
        KeyPart::Literal(text) => quote! { KeyPart::Literal(#text) },
        KeyPart::Field(KeyField { number: tag, name: _, scalar }) => {
            let (tag, scalar) = (number(*tag), ident(self::scalar(scalar)));
            quote! { KeyPart::Field { number: #tag, scalar: Scalar::#scalar } }
        }
    }
}

/// How the type of a field is written on the wire.
pub(super) fn scalar(name: &str) -> &'static str {
    match name {
        "string" => "Text",
        "bool" => "Bool",
        "uint32" | "uint64" => "Unsigned",
        "sint32" | "sint64" => "Zigzag",
        "fixed32" => "Fixed32",
        "fixed64" => "Fixed64",
        "sfixed32" => "Sfixed32",
        "sfixed64" => "Sfixed64",
        // The 32-bit ones and enums as well: their sign is extended.
        _ => "Signed",
    }
}

fn invalidation(invalidation: &Invalidation) -> TokenStream {
    let Invalidation { filter, stream, tokens } = invalidation;
    let tokens = tokens.iter().map(|token| number(u64::try_from(*token).unwrap_or(u64::MAX)));
    quote! { Invalidation { filter: #filter, stream: #stream, tokens: &[#(#tokens),*] } }
}
