//! How values of a bucket become those of its next version: a struct with a field for each step, so that none is forgotten.

use proc_macro2::TokenStream;
use quote::quote;

use super::names::Names;
use super::service::module;
use super::source::{Source, ident};
use super::spec::{bucket_name, number};
use super::{Context, Files};
use crate::schema::model::{Bucket, Package, Service, Type};

pub(super) fn emit(context: &Context<'_>, package: &Package, service: &Service, files: &mut Files) {
    let own = idents(service);
    if own.is_empty() {
        return;
    }
    let mut names = Names::new(context, package, &own);
    let structs = service.buckets.iter().filter_map(|it| declaration(it, &mut names));
    let structs: Vec<_> = structs.collect();
    let buckets: Vec<_> = with_steps(service).map(bucket_name).collect();
    let source = Source::new(package)
        .docs(&format!("What becomes of earlier values in buckets of `{}`.", service.full_name))
        .import(&context.runtime(""), ["Result"])
        .import(&context.runtime("spec"), ["BucketSpec"])
        .import(&context.runtime("store"), ["Migrations", "Opening"])
        .import("super", buckets.iter().map(String::as_str))
        .imports(names.imports())
        .items(quote! { #(#structs)* });
    files.add(context.place(&package.name).file(&[&module(service), "steps"]), source.text());
}

/// Names of the structs of a service's buckets.
pub(super) fn idents(service: &Service) -> Vec<&str> {
    with_steps(service).filter_map(|bucket| bucket.steps_ident.as_deref()).collect()
}

fn with_steps(service: &Service) -> impl Iterator<Item = &Bucket> {
    service.buckets.iter().filter(|bucket| bucket.steps_ident.is_some())
}

/// A step: its field, what it takes and gives, and its documentation.
struct Step {
    field: proc_macro2::Ident,
    from: u32,
    takes: TokenStream,
    gives: TokenStream,
    about: String,
}

fn declaration(bucket: &Bucket, names: &mut Names<'_>) -> Option<TokenStream> {
    let Bucket { name, version, writes, value, .. } = bucket;
    let steps = ident(bucket.steps_ident.as_ref()?);
    let constant = ident(&bucket_name(bucket));
    let up: Vec<_> = bucket.read().zip(bucket.read().skip(1)).collect();
    let upward = |(from, to): ((u32, _), _)| step(&format!("from_{}", from.0), from, to, names);
    let up: Vec<_> = up.into_iter().map(upward).collect();
    let before = bucket.earlier.last().filter(|before| before.version == *writes);
    let back = before.map(|to| {
        step(&format!("back_to_{writes}"), (*version, value), (*writes, &to.value), names)
    });
    let value = names.message(value);
    let about =
        format!(" Opens bucket `{name}`: how its values become those of version {version}.");
    let fields = up.iter().chain(&back).map(|Step { field, takes, gives, about, .. }| {
        quote! {
            #[doc = #about]
            pub #field: fn(#takes) -> Result<#gives>,
        }
    });
    let calls = up.iter().map(|Step { field, from, .. }| {
        let from = number(*from);
        quote! { .from(#from, self.#field) }
    });
    let back = back.iter().map(|Step { field, .. }| quote! { .back(self.#field) });
    Some(quote! {
        #[doc = #about]
        #[derive(Clone, Copy, Debug)]
        pub struct #steps {
            #(#fields)*
        }

        impl Opening<#value> for #steps {
            fn bucket(&self) -> &'static BucketSpec {
                &#constant
            }

            fn migrations(self) -> Migrations<#value> {
                Migrations::new() #(#calls)* #(#back)*
            }
        }
    })
}

fn step(
    field: &str,
    (from, takes): (u32, &Type),
    (to, gives): (u32, &Type),
    names: &mut Names<'_>,
) -> Step {
    Step {
        field: ident(field),
        from,
        takes: names.message(takes),
        gives: names.message(gives),
        about: format!(" Makes a value of version {from} one of version {to}."),
    }
}
