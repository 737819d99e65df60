//! Writes the checked `impl` and its wiring.

use proc_macro2::TokenStream;
use quote::quote;

use super::check::Verdict;
use super::table::{Method, Table};
use crate::options::Options;

/// Writes the service. After a mistake it still is one, so that one mistake is one error.
pub(super) fn expand(table: &Table, options: &Options, verdict: &Verdict) -> TokenStream {
    let runtime = options.runtime();
    let Verdict { item, trait_path, absent, errors } = verdict;
    let errors = errors.iter().map(syn::Error::to_compile_error);

    let mut item = item.clone();
    for index in absent {
        let stub = stub(&runtime, table, &table.methods[*index]);
        item.items.push(syn::ImplItem::Verbatim(stub));
    }

    let ty = &item.self_ty;
    let (generics, _, bounds) = item.generics.split_for_impl();
    quote! {
        #(#errors)*

        #item

        impl #generics #runtime::IntoService for #ty #bounds {
            fn into_service(self) -> ::std::sync::Arc<dyn #runtime::Service> {
                ::std::sync::Arc::new(<Self as #trait_path>::into_server(self))
            }
        }
    }
}

/// A method that answers `UNIMPLEMENTED`.
fn stub(runtime: &TokenStream, table: &Table, method: &Method) -> TokenStream {
    let Method { ident, proto, shape, request, response, error } = method;
    let (mut request, mut response) = (request.ty.clone(), response.ty.clone());
    if shape.client_streams() {
        request = quote!(#runtime::Inbound<#request>);
    }
    if shape.server_streams() {
        response = quote!(#runtime::Outbound<#response>);
    }
    let message = format!("{} does not implement {proto} here", table.name);
    let (error, into) = match error {
        Some(error) => (&error.ty, quote!(.into())),
        None => (&quote!(#runtime::Status), TokenStream::new()),
    };
    quote! {
        async fn #ident(&self, _: &#runtime::Context, _: #request) -> #runtime::Result<#response, #error> {
            ::std::result::Result::Err(#runtime::Status::unimplemented(#message) #into)
        }
    }
}
