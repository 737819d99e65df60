//! The stores of buckets whose values are found by what they say.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::names::Names;
use super::service::{Parts, module, own};
use super::source::{Source, ident};
use super::spec::{bucket_name, number};
use super::{Context, Files, cache, docs};
use crate::schema::model::{Bucket, Index, IndexField, Occurs, Package, Service};

pub(super) fn emit(context: &Context<'_>, package: &Package, service: &Service, files: &mut Files) {
    let buckets: Vec<_> = indexed(service).collect();
    if buckets.is_empty() {
        return;
    }
    let parts = Parts::of(service);
    let own = [&own(service, &parts)[..], &["Deref", "Entry", "List"]].concat();
    let mut names = Names::new(context, package, &own);
    let constants: Vec<_> = buckets.iter().map(|(bucket, _)| ident(&bucket_name(bucket))).collect();
    let stores: Vec<_> = buckets.iter().map(|(bucket, it)| store(bucket, it, &mut names)).collect();
    let steps = buckets.iter().filter_map(|(it, _)| it.steps_ident.as_deref()).map(ident);
    let steps: Vec<_> = steps.collect();
    let steps = (!steps.is_empty()).then(|| quote! { use super::steps::{#(#steps),*}; });
    let source = Source::new(package)
        .docs(&format!("Stores of `{}` with lookups by more than the key.", service.full_name))
        .import("std::ops", ["Deref"])
        .import(&context.runtime(""), ["Connection", "Result"])
        .import(&context.runtime("store"), used_of_store(service))
        .imports(names.imports())
        .items(quote! {
            use super::spec::{#(#constants),*};
            #steps

            #(#stores)*
        });
    files.add(context.place(&package.name).file(&[&module(service), "store"]), source.text());
}

/// Names of the stores of a service.
pub(super) fn idents(service: &Service) -> Vec<&str> {
    indexed(service).map(|(_, store)| store).collect()
}

/// Types that the indexes of a service's buckets are made of.
pub(super) fn used(service: &Service) -> Vec<&'static str> {
    if idents(service).is_empty() {
        return Vec::new();
    }
    vec!["IndexField", "IndexSpec", "Occurs", "Scalar"]
}

/// The value of an index, as part of its bucket's static.
pub(super) fn index(index: &Index) -> TokenStream {
    let Index { name, fields, unique } = index;
    let fields = fields.iter().map(|field| {
        let numbers = field.field.numbers.iter().map(|it| number(*it));
        let scalar = ident(cache::scalar(field.scalar));
        let occurs = ident(match field.occurs {
            Occurs::Always => "Always",
            Occurs::Optional => "Optional",
            Occurs::Repeated => "Repeated",
        });
        quote! {
            IndexField { numbers: &[#(#numbers),*], scalar: Scalar::#scalar, occurs: Occurs::#occurs }
        }
    });
    quote! { IndexSpec { name: #name, fields: &[#(#fields),*], is_unique: #unique } }
}

fn indexed(service: &Service) -> impl Iterator<Item = (&Bucket, &str)> {
    service.buckets.iter().filter_map(|bucket| Some((bucket, bucket.store_ident.as_deref()?)))
}

fn used_of_store(service: &Service) -> Vec<&'static str> {
    let indexes = || indexed(service).flat_map(|(bucket, _)| &bucket.indexes);
    let entry = indexes().any(|index| index.unique).then_some("Entry");
    let list = indexes().any(|index| !index.unique).then_some("List");
    entry.into_iter().chain(list).chain(["Store"]).collect()
}

fn store(bucket: &Bucket, store: &str, names: &mut Names<'_>) -> TokenStream {
    let about = format!(" Store of bucket `{}`, with lookups by what its values say.", bucket.name);
    let (store, value) = (ident(store), names.message(&bucket.value));
    let constant = ident(&bucket_name(bucket));
    let lookups = bucket.indexes.iter().enumerate().map(|(at, it)| lookup(bucket, at, it, names));
    let lookups: Vec<_> = lookups.collect();
    let steps = bucket.steps_ident.as_deref().map(ident);
    let bucket = steps.as_ref().map_or_else(|| quote! { &#constant }, |_| quote! { steps });
    let steps = steps.map(|steps| quote! { , steps: #steps });
    quote! {
        #[doc = #about]
        ///
        /// Does all that a [`Store`] does. Cheap to clone.
        #[derive(Clone, Debug)]
        pub struct #store(Store<#value>);

        impl #store {
            /// Opens the store, and sees to it that values are found, those of before as well. Nobody waits for that.
            pub fn open(connection: &Connection #steps) -> Result<Self> {
                Ok(Self(connection.store(#bucket)?.with_lookups(connection)))
            }

            /// Opens the store, and takes part in publishing the events that are written with its values, too.
            pub fn open_with_outbox(connection: &Connection #steps) -> Result<Self> {
                Ok(Self(connection.store_with_outbox(#bucket)?.with_lookups(connection)))
            }

            #(#lookups)*
        }

        impl Deref for #store {
            type Target = Store<#value>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
    }
}

fn lookup(bucket: &Bucket, at: usize, index: &Index, names: &mut Names<'_>) -> TokenStream {
    let says = condition(index);
    let (name, value) = (ident(&index.name), names.message(&bucket.value));
    let (constant, at) = (ident(&bucket_name(bucket)), Literal::usize_unsuffixed(at));
    let parameters: Vec<_> = index.fields.iter().map(|field| parameter(field, names)).collect();
    let texts = index.fields.iter().map(text);
    let texts = quote! { [#(#texts),*] };
    if index.unique {
        let docs = docs::attributes(&format!(
            "Reads the one entry {says}.\n\n# Errors\n`DATA_LOSS` when the stored bytes are no such message."
        ));
        return quote! {
            #docs
            pub async fn #name(&self, #(#parameters),*) -> Result<Option<Entry<#value>>> {
                self.0.find_declared(&#constant.indexes[#at], #texts).await
            }
        };
    }
    let docs =
        docs::attributes(&format!("Asks, in the order of their keys, for the entries {says}."));
    quote! {
        #docs
        pub fn #name(&self, #(#parameters),*) -> List<#value> {
            self.0.by_declared(&#constant.indexes[#at], #texts)
        }
    }
}

/// What is asked for, in words.
fn condition(index: &Index) -> String {
    if let [IndexField { field, occurs, .. }] = &*index.fields {
        return match occurs {
            Occurs::Always | Occurs::Optional => format!("whose `{}` is this", field.text),
            Occurs::Repeated => format!("with this among their `{}`", field.text),
        };
    }
    let fields: Vec<_> = index.fields.iter().map(|it| format!("`{}`", it.field.text)).collect();
    format!("that say all of this: {}", fields.join(", "))
}

fn parameter(field: &IndexField, names: &mut Names<'_>) -> TokenStream {
    let name = ident(&field.ident);
    let ty = match (&field.enumeration, field.scalar) {
        (Some(enumeration), _) => names.message(enumeration),
        (None, "string") => quote! { &str },
        (None, "bool") => quote! { bool },
        (None, "uint32" | "fixed32") => quote! { u32 },
        (None, "uint64" | "fixed64") => quote! { u64 },
        (None, "int64" | "sint64" | "sfixed64") => quote! { i64 },
        (None, _) => quote! { i32 },
    };
    quote! { #name: #ty }
}

/// What is asked for, as the index has it.
fn text(field: &IndexField) -> TokenStream {
    let name = ident(&field.ident);
    match (&field.enumeration, field.scalar) {
        (Some(_), _) => quote! { i32::from(#name).to_string() },
        (None, "string") => quote! { #name.to_owned() },
        (None, _) => quote! { #name.to_string() },
    }
}
