//! `#[test]`: an async test with a server, a service and clients of its own.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned as _;
use syn::{Error, FnArg, Ident, ItemFn, Result, Type};

use crate::options::{Accepts, Options};

const ACCEPTS: Accepts = Accepts {
    attribute: "#[test]",
    options: &[("service", "service = path"), ("crate", "crate = path")],
};

/// The function becomes an inner one, called with what its parameters ask for.
pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    try_expand(options, item).unwrap_or_else(Error::into_compile_error)
}

fn try_expand(options: TokenStream, item: &TokenStream) -> Result<TokenStream> {
    let options = Options::parse(options, &ACCEPTS)?;
    let runtime = options.runtime();
    let function = syn::parse2::<ItemFn>(item.clone())
        .map_err(|_| Error::new(item.span(), "`#[test]` goes on an `async fn`"))?;
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        return Err(Error::new(
            signature.fn_token.span(),
            format!("`{0}` is not async; write `async fn {0}`", signature.ident),
        ));
    }

    let env = Ident::new("env", Span::mixed_site());
    let arguments =
        signature.inputs.iter().map(|input| argument(&env, input)).collect::<Result<Vec<_>>>()?;
    let serve = options.service.iter().map(|service| quote!(#env.serve(#service).await;));
    let attrs = &function.attrs;
    let inner = ItemFn { attrs: Vec::new(), ..function.clone() };
    let (ident, output) = (&signature.ident, &signature.output);
    Ok(quote! {
        #[::core::prelude::v1::test]
        #(#attrs)*
        fn #ident() #output {
            #inner
            #runtime::testing::run(async |#env: #runtime::testing::TestEnv| {
                #(#serve)*
                #ident(#(#arguments),*).await
            })
        }
    })
}

/// What a parameter is filled with, by its type.
fn argument(env: &Ident, input: &FnArg) -> Result<TokenStream> {
    let FnArg::Typed(input) = input else {
        return Err(Error::new(input.span(), "a test is a function, not a method"));
    };
    let Type::Path(ty) = &*input.ty else {
        let known = "`TestEnv`, `Connection` or a generated client";
        return Err(Error::new(input.ty.span(), format!("a test's parameter is a {known}")));
    };
    let name = ty.path.segments.last().map(|segment| segment.ident.to_string());
    Ok(match name.as_deref() {
        Some("TestEnv") => quote!(#env.clone()),
        Some("Connection") => quote!(#env.connection().clone()),
        _ => quote!(<#ty>::new(#env.connection())),
    })
}
