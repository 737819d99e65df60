//! `#[main]`: a function that makes a service becomes a program that runs it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned as _;
use syn::{Error, ItemFn, Result, ReturnType};

use crate::options::{Accepts, Options};

const ACCEPTS: Accepts = Accepts {
    attribute: "#[main]",
    options: &[("name", "name = \"...\""), ("crate", "crate = path")],
};

/// The function becomes an inner one, so that its name is free for the program's own.
pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    match try_expand(options, item) {
        Ok(tokens) => tokens,
        Err(error) => {
            let error = error.into_compile_error();
            // A program without `main` would be a second error.
            quote!(#error fn main() {})
        }
    }
}

fn try_expand(options: TokenStream, item: &TokenStream) -> Result<TokenStream> {
    let options = Options::parse(options, &ACCEPTS)?;
    let runtime = options.runtime();
    let package = || quote!(::std::env!("CARGO_PKG_NAME"));
    let name = options.name.as_ref().map_or_else(package, |name| quote!(#name));
    let function = parse(item)?;
    check(&function)?;
    let attrs = &function.attrs;
    let inner = ItemFn { attrs: Vec::new(), ..function.clone() };
    let ident = &function.sig.ident;
    Ok(quote! {
        #(#attrs)*
        fn main() -> ::std::process::ExitCode {
            #inner
            #runtime::host::run(#name, #ident)
        }
    })
}

fn parse(item: &TokenStream) -> Result<ItemFn> {
    syn::parse2(item.clone()).map_err(|_| {
        Error::new(
            item.span(),
            "`#[main]` goes on `async fn main(connection: Connection) -> Result<impl IntoService>`",
        )
    })
}

fn check(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        return Err(Error::new(
            signature.fn_token.span(),
            "`main` is not async; write `async fn main`",
        ));
    }
    if signature.inputs.len() != 1 {
        let span = if signature.inputs.is_empty() {
            signature.paren_token.span.close()
        } else {
            signature.inputs.span()
        };
        return Err(Error::new(span, "`main` takes one parameter: `connection: Connection`"));
    }
    match &signature.output {
        ReturnType::Type(..) => Ok(()),
        ReturnType::Default => Err(Error::new(
            signature.paren_token.span.close(),
            "`main` returns the service to run: `Result<impl IntoService>`",
        )),
    }
}
