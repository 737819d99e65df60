//! `#[service]`, in two steps.
//!
//! The attribute sees the `impl` but not the schema. So it hands the `impl` to the macro that generated code puts
//! beside each trait, under the trait's own name; that one adds the methods of the schema and calls `__service!`,
//! which sees both.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned as _;
use syn::{Error, Item, ItemImpl, Path, Result, bracketed};

use crate::options::{Accepts, Options};

mod check;
mod expand;
mod signature;
mod suggest;
mod table;

use check::Verdict;
use table::Table;

const ACCEPTS: Accepts = Accepts {
    attribute: "#[service]",
    options: &[("partial", "partial"), ("crate", "crate = path")],
};

/// The first step: from the attribute to the macro beside the trait.
pub(crate) fn attribute(options: &TokenStream, item: &TokenStream) -> TokenStream {
    match forward(options, item) {
        Ok(tokens) => tokens,
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#error #item)
        }
    }
}

/// The second step: from the methods of the schema and the `impl` to the wired service.
pub(crate) fn checked(input: TokenStream) -> TokenStream {
    match syn::parse2::<Input>(input) {
        Ok(Input { table, options, item }) => {
            let verdict = Verdict::reach(&table, &options, item);
            expand::expand(&table, &options, &verdict)
        }
        Err(error) => error.into_compile_error(),
    }
}

fn forward(options: &TokenStream, item: &TokenStream) -> Result<TokenStream> {
    let twin = twin(&syn::parse2::<Item>(item.clone())?)?;
    Ok(quote!(#twin! { [#options] #item }))
}

/// The macro with the trait's name.
fn twin(item: &Item) -> Result<Path> {
    const FIX: &str =
        "put it on `impl SomeService for YourType`, where the trait is a generated one";
    let Item::Impl(item) = item else {
        let (what, span) = describe(item);
        return Err(Error::new(span, format!("`#[service]` does not go on {what}; {FIX}")));
    };
    let Some((path, _)) = &item.trait_ else {
        let what = "`#[service]` does not go on an `impl` without a trait";
        return Err(Error::new(item.self_ty.span(), format!("{what}; {FIX}")));
    };
    let mut twin = path.clone();
    for segment in &mut twin.segments {
        segment.arguments = syn::PathArguments::None;
    }
    Ok(twin)
}

fn describe(item: &Item) -> (&'static str, proc_macro2::Span) {
    match item {
        Item::Struct(item) => ("a struct", item.struct_token.span()),
        Item::Enum(item) => ("an enum", item.enum_token.span()),
        Item::Fn(item) => ("a function", item.sig.ident.span()),
        Item::Trait(item) => ("a trait", item.trait_token.span()),
        Item::Mod(item) => ("a module", item.mod_token.span()),
        other => ("this item", other.span()),
    }
}

/// What the generated macro passes on: `{ table } [options] impl`.
struct Input {
    table: Table,
    options: Options,
    item: ItemImpl,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let table = input.parse()?;
        let inside;
        bracketed!(inside in input);
        let options = Options::parse_list(&inside, &ACCEPTS)?;
        Ok(Self { table, options, item: input.parse()? })
    }
}
