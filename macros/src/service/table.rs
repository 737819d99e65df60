//! The methods of a service as generated code lists them.
//!
//! ```text
//! {
//!     service "bodybroker.time_manager.v1.TimeService" trait TimeService
//!     methods {
//!         get_time "GetTime" unary ($crate::v1::GetTimeRequest) ($crate::v1::GetTimeResponse);
//!         set_time "SetTime" unary ($crate::v1::SetTimeRequest) ($crate::v1::SetTimeResponse) ($crate::v1::SetTimeError);
//!         on_time_tick "bodybroker.time_manager.v1.TimeTick" event ($crate::v1::TimeTick) (());
//!     }
//! }
//! ```

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::token::Paren;
use syn::{Error, Ident, LitStr, Result, Token, braced, parenthesized};

/// A service of the schema.
pub(crate) struct Table {
    /// Name of the trait, which is the service's short name.
    pub(crate) name: Ident,
    pub(crate) methods: Vec<Method>,
}

/// A method of the trait: an rpc, or an event that is consumed.
pub(crate) struct Method {
    pub(crate) ident: Ident,
    /// `GetTime`, or the full name of the event.
    pub(crate) proto: String,
    pub(crate) shape: Shape,
    pub(crate) request: Message,
    pub(crate) response: Message,
    /// What it fails with, where that isn't a plain status.
    pub(crate) error: Option<Message>,
}

/// Which sides of a method stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Unary,
    ServerStream,
    ClientStream,
    Bidirectional,
    Event,
}

/// The Rust type of a message, or of an enum of errors.
pub(crate) struct Message {
    pub(crate) ty: TokenStream,
    /// Last segment of the path without arguments: how people name the type.
    pub(crate) name: String,
}

impl Method {
    /// Names the method in both worlds: `` `get_time` (GetTime) ``.
    pub(crate) fn label(&self) -> String {
        let Self { ident, proto, shape, .. } = self;
        match shape {
            Shape::Event => format!("`{ident}` (event {})", last(proto)),
            _ => format!("`{ident}` ({proto})"),
        }
    }

    /// What follows `ctx`, as people write it.
    pub(crate) fn request_text(&self) -> String {
        let name = &self.request.name;
        if self.shape.client_streams() { format!("Inbound<{name}>") } else { name.clone() }
    }

    /// What a call gives when it succeeds, as people write it.
    pub(crate) fn response_text(&self) -> String {
        let name = &self.response.name;
        if self.shape.server_streams() { format!("Outbound<{name}>") } else { name.clone() }
    }

    /// What a call gives, as people write it.
    pub(crate) fn result_text(&self) -> String {
        let response = self.response_text();
        match &self.error {
            Some(error) => format!("Result<{response}, {}>", error.name),
            None => format!("Result<{response}>"),
        }
    }
}

impl Shape {
    pub(crate) fn client_streams(self) -> bool {
        matches!(self, Self::ClientStream | Self::Bidirectional)
    }

    pub(crate) fn server_streams(self) -> bool {
        matches!(self, Self::ServerStream | Self::Bidirectional)
    }
}

impl Parse for Table {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let table;
        braced!(table in input);
        word(&table, "service")?;
        table.parse::<LitStr>()?;
        table.parse::<Token![trait]>()?;
        let name = table.parse()?;
        word(&table, "methods")?;
        let rows;
        braced!(rows in table);
        let methods = rows.parse_terminated(Method::parse, Token![;])?;
        Ok(Self { name, methods: methods.into_iter().collect() })
    }
}

impl Parse for Method {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        Ok(Self {
            ident: input.parse()?,
            proto: input.parse::<LitStr>()?.value(),
            shape: input.parse()?,
            request: input.parse()?,
            response: input.parse()?,
            error: input.peek(Paren).then(|| input.parse()).transpose()?,
        })
    }
}

impl Parse for Shape {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let word: Ident = input.parse()?;
        match word.to_string().as_str() {
            "unary" => Ok(Self::Unary),
            "server_stream" => Ok(Self::ServerStream),
            "client_stream" => Ok(Self::ClientStream),
            "bidirectional" => Ok(Self::Bidirectional),
            "event" => Ok(Self::Event),
            _ => Err(Error::new(word.span(), "not a shape of a method")),
        }
    }
}

impl Parse for Message {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let inside;
        parenthesized!(inside in input);
        let ty: TokenStream = inside.parse()?;
        let path = ty.clone().into_iter().take_while(|token| !opens_arguments(token));
        let name = path.filter_map(ident).last();
        Ok(Self { ty, name: name.unwrap_or_else(|| "()".to_owned()) })
    }
}

fn ident(token: TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    }
}

/// Whether the arguments of a path begin, as in `Vec<u8>`.
fn opens_arguments(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == '<')
}

fn word(input: ParseStream<'_>, expected: &str) -> Result<()> {
    let word: Ident = input.parse()?;
    if word == expected {
        Ok(())
    } else {
        Err(Error::new(word.span(), format!("expected `{expected}`")))
    }
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
