//! The options in an attribute's parentheses.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Error, Ident, LitStr, Path, Result, Token};

/// What an attribute was given. Each attribute takes some of these: see [`Accepts`].
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) partial: bool,
    pub(crate) runtime: Option<Path>,
    pub(crate) name: Option<LitStr>,
    pub(crate) service: Option<Path>,
    /// Options that the attribute doesn't take.
    pub(crate) unknown: Vec<Error>,
}

/// The options that one attribute takes.
pub(crate) struct Accepts {
    /// The attribute as people write it.
    pub(crate) attribute: &'static str,
    /// The options by name, each with how it is written.
    pub(crate) options: &'static [(&'static str, &'static str)],
}

impl Options {
    /// Reads `partial, crate = path`.
    pub(crate) fn parse(tokens: TokenStream, accepts: &Accepts) -> Result<Self> {
        let options = (|input: ParseStream<'_>| Self::parse_list(input, accepts)).parse2(tokens)?;
        options.unknown.first().map_or(Ok(()), |error| Err(error.clone()))?;
        Ok(options)
    }

    /// The path of the runtime crate.
    pub(crate) fn runtime(&self) -> TokenStream {
        let default = || quote!(::bodybroker_runtime);
        self.runtime.as_ref().map_or_else(default, |path| quote!(#path))
    }

    /// Reads on after an unknown option, so that the caller can tell of it and of everything else.
    pub(crate) fn parse_list(input: ParseStream<'_>, accepts: &Accepts) -> Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            options.parse_one(input, accepts)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }

    fn parse_one(&mut self, input: ParseStream<'_>, accepts: &Accepts) -> Result<()> {
        let name = input.call(Ident::parse_any)?;
        let text = name.to_string();
        if accepts.options.iter().all(|(known, _)| *known != text) {
            self.unknown.push(accepts.unknown(&name));
            return skip(input);
        }
        match text.as_str() {
            "partial" => self.partial = true,
            "crate" => self.runtime = Some(value(input)?),
            "name" => self.name = Some(value(input)?),
            "service" => self.service = Some(value(input)?),
            _ => unreachable!("the table of options names only the ones above"),
        }
        Ok(())
    }
}

impl Accepts {
    fn unknown(&self, name: &Ident) -> Error {
        let known: Vec<_> = self.options.iter().map(|(_, form)| format!("`{form}`")).collect();
        let Self { attribute, .. } = self;
        let known = known.join(" or ");
        Error::new(name.span(), format!("`{name}` is not an option of `{attribute}`; use {known}"))
    }
}

/// Passes over the value of an unknown option.
fn skip(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

fn value<T: Parse>(input: ParseStream<'_>) -> Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}
