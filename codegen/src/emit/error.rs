//! The errors that methods declare: an enum for each method, the same for its author and its callers.

use proc_macro2::TokenStream;
use quote::quote;

use super::names::Names;
use super::service::module;
use super::source::{self, Source, ident};
use super::{Context, Files, docs};
use crate::schema::model::{DeclaredError, Method, Package, Service};

pub(super) fn emit(context: &Context<'_>, package: &Package, service: &Service, files: &mut Files) {
    let own = idents(service);
    if own.is_empty() {
        return;
    }
    let mut names = Names::new(context, package, &own);
    let enums = service.methods.iter().filter_map(|it| declaration(it, &mut names));
    let enums: Vec<_> = enums.collect();
    let detailed = service.methods.iter().flat_map(|method| &method.errors);
    let declared = detailed.filter(|error| error.details.is_some()).map(|_| "Declared");
    let source = Source::new(package)
        .docs(&format!("Errors that methods of `{}` declare.", service.full_name))
        .import("std", ["fmt"])
        .import(&context.runtime(""), declared.chain(["Status"]))
        .imports(names.imports())
        .items(quote! { #(#enums)* });
    files.add(context.place(&package.name).file(&[&module(service), "error"]), source.text());
}

/// Names of the enums of a service's methods, sorted.
pub(super) fn idents(service: &Service) -> Vec<&str> {
    let mut names: Vec<_> =
        service.methods.iter().filter_map(|method| method.error_ident.as_deref()).collect();
    names.sort_unstable();
    names
}

/// Imports the enums of a service's methods from their module, or exports them.
pub(super) fn import(service: &Service, from: &TokenStream) -> TokenStream {
    source::import(from, &idents(service))
}

/// What a method's failures are, where that isn't a plain status.
pub(super) fn argument(method: &Method) -> Option<TokenStream> {
    let name = ident(method.error_ident.as_ref()?);
    Some(quote! { , #name })
}

/// A declared error as a variant.
struct Variant<'a> {
    error: &'a DeclaredError,
    name: proc_macro2::Ident,
    /// Type of its details.
    details: Option<TokenStream>,
}

fn declaration(method: &Method, names: &mut Names<'_>) -> Option<TokenStream> {
    let name = ident(method.error_ident.as_ref()?);
    let variants = method.errors.iter().map(|error| Variant {
        error,
        name: ident(&error.name),
        details: error.details.as_ref().map(|message| names.message(message)),
    });
    let variants: Vec<_> = variants.collect();
    let about = format!(" Why `{}` fails.", method.name);
    let declared = variants.iter().map(variant);
    let (detailed, bare): (Vec<_>, Vec<_>) = variants.iter().partition(|it| it.details.is_some());
    let (detailed, bare) = (detailed.iter().map(|it| &it.name), bare.iter().map(|it| &it.name));
    let conversions = conversions(&name, &variants);
    Some(quote! {
        #[doc = #about]
        ///
        /// `?` turns a [`Status`] into it, which becomes the error that the status tells of, and it into a status.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum #name {
            #(#declared)*
            /// Anything else.
            Status(Status),
        }

        impl #name {
            /// The status that it travels in: its code and its words.
            #[must_use]
            pub fn status(&self) -> &Status {
                match self {
                    #(Self::#detailed(declared) => declared.status(),)*
                    #(Self::#bare(status) |)* Self::Status(status) => status,
                }
            }
        }

        #conversions

        impl fmt::Display for #name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.status().fmt(f)
            }
        }

        impl std::error::Error for #name {}
    })
}

fn variant(variant: &Variant<'_>) -> TokenStream {
    let Variant { error, name, details } = variant;
    if let Some(details) = details {
        let docs = docs::attributes(&error.docs);
        return quote! { #docs #name(Declared<#details>), };
    }
    let about = format!(" `{}`, which has no details.", error.full_name);
    quote! { #[doc = #about] #name(Status), }
}

fn conversions(name: &proc_macro2::Ident, variants: &[Variant<'_>]) -> TokenStream {
    let bare = variants.iter().filter(|variant| variant.details.is_none());
    let by_reason = bare.map(|Variant { error, name, .. }| {
        let full_name = &error.full_name;
        quote! {
            if status.reason() == Some(#full_name) {
                return Self::#name(status);
            }
        }
    });
    let mut detailed = variants.iter().filter(|variant| variant.details.is_some());
    let by_details = detailed.next().map(|Variant { name, .. }| {
        let others = detailed.map(|Variant { name, .. }| {
            quote! { .or_else(|status| Declared::read(status).map(Self::#name)) }
        });
        quote! { Declared::read(status).map(Self::#name) #(#others)* .unwrap_or_else(Self::Status) }
    });
    let rest = by_details.unwrap_or_else(|| quote! { Self::Status(status) });
    let statuses = variants.iter().map(|Variant { error, name: variant, details }| {
        let full_name = &error.full_name;
        if details.is_some() {
            quote! { #name::#variant(declared) => declared.into(), }
        } else {
            quote! { #name::#variant(status) => status.with_reason(#full_name), }
        }
    });
    let made = variants.iter().filter_map(|Variant { name: variant, details, .. }| {
        let details = details.as_ref()?;
        Some(quote! {
            impl From<Declared<#details>> for #name {
                fn from(declared: Declared<#details>) -> Self {
                    Self::#variant(declared)
                }
            }
        })
    });
    quote! {
        impl From<Status> for #name {
            fn from(status: Status) -> Self {
                #(#by_reason)*
                #rest
            }
        }

        impl From<#name> for Status {
            fn from(error: #name) -> Self {
                match error {
                    #(#statuses)*
                    #name::Status(status) => status,
                }
            }
        }

        #(#made)*
    }
}
