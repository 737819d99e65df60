//! What is sealed in the messages that a package carries, as constants.

use proc_macro2::TokenStream;
use quote::quote;

use super::source::{Source, ident, tokens};
use super::{Context, Files};
use crate::schema::model::{MESSAGES, Package, Sealed, SealedField, Type};

/// Its module, beside those of services.
pub(super) const MODULE: &str = "sealed";

pub(super) fn emit(context: &Context<'_>, package: &Package, files: &mut Files) {
    if package.sealed.is_empty() {
        return;
    }
    let list = ident(MESSAGES);
    let messages = package.sealed.iter().map(message);
    let constants = package.sealed.iter().enumerate().filter_map(constant);
    let source = Source::new(package)
        .docs(&format!(
            "Fields that leave a process sealed only, in what `{}` carries.",
            package.name
        ))
        .import(&context.runtime("spec"), ["Sealed", "SealedField", "SealedMessage"])
        .items(quote! {
            #(#constants)*

            /// Messages with sealed fields, and those that lead to some.
            const #list: &[SealedMessage] = &[#(#messages),*];
        });
    files.add(context.place(&package.name).file(&[MODULE]), source.text());
}

/// What is sealed in a message, as code in a module of the package names it; so many modules deep.
pub(super) fn value(package: &Package, message: &Type, depth: usize) -> TokenStream {
    let Some(constant) = package.sealed_in(message).and_then(|it| it.ident.as_ref()) else {
        return quote! { None };
    };
    let path = tokens(&format!("{}{MODULE}::{constant}", "super::".repeat(depth)));
    quote! { Some(#path) }
}

fn message(sealed: &Sealed) -> TokenStream {
    let Sealed { full_name, ident: _, fields } = sealed;
    let fields = fields.iter().map(|SealedField { number, name, inside }| {
        let inside = inside.map(proc_macro2::Literal::usize_unsuffixed);
        let inside = inside.map_or_else(|| quote! { None }, |inside| quote! { Some(#inside) });
        let number = super::spec::number(*number);
        quote! { SealedField { number: #number, name: #name, inside: #inside } }
    });
    quote! { SealedMessage { name: #full_name, fields: &[#(#fields),*] } }
}

fn constant((index, sealed): (usize, &Sealed)) -> Option<TokenStream> {
    let (name, list) = (ident(sealed.ident.as_ref()?), ident(MESSAGES));
    let about = format!(" In `{}`.", sealed.full_name);
    let index = proc_macro2::Literal::usize_unsuffixed(index);
    Some(quote! {
        #[doc = #about]
        pub(super) const #name: Sealed = Sealed { messages: #list, index: #index };
    })
}
