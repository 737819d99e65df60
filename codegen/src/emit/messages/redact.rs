//! `Debug` that shows that a secret is there, and no more.

use proc_macro2::Ident;
use syn::{Item, ItemEnum, parse_quote};

use crate::emit::layout::plain;
use crate::emit::source::ident;
use crate::schema::model::Redacted;

/// Writes `Debug` of a message.
pub(super) fn message(name: &Ident, redacted: &Redacted) -> Item {
    let text = name.to_string();
    let fields = redacted.fields.iter().map(|(field, secret)| -> proc_macro2::TokenStream {
        let (label, field) = (plain(field), ident(field));
        if *secret {
            quote::quote! { .field(#label, &format_args!("[redacted]")) }
        } else {
            quote::quote! { .field(#label, &self.#field) }
        }
    });
    parse_quote! {
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(#text)#(#fields)*.finish()
            }
        }
    }
}

/// Writes `Debug` of a oneof of a message with secrets.
pub(super) fn oneof(item: &ItemEnum, secret: bool) -> Item {
    let name = &item.ident;
    let arms = item.variants.iter().map(|variant| -> proc_macro2::TokenStream {
        let (variant, text) = (&variant.ident, variant.ident.to_string());
        if secret {
            let text = format!("{text}([redacted])");
            quote::quote! { Self::#variant(_) => f.write_str(#text), }
        } else {
            quote::quote! { Self::#variant(value) => f.debug_tuple(#text).field(value).finish(), }
        }
    });
    parse_quote! {
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self { #(#arms)* }
            }
        }
    }
}
