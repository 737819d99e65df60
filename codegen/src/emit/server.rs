//! What turns calls that arrive into calls of the trait.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::service::{Parts, deprecated, module};
use super::source::{Source, ident};
use super::{Context, Files, error};
use crate::schema::model::{Kind, Package, Service};

pub(super) fn emit(context: &Context<'_>, package: &Package, service: &Service, files: &mut Files) {
    let Parts { name, server, .. } = Parts::of(service);
    let about = format!(" Serves an implementation of [`{name}`].");
    let (name, server) = (ident(&name), ident(&server));
    let deprecated = deprecated(service.deprecated);
    let arms = Arms::of(service);
    let status = (!error::idents(service).is_empty()).then_some("Status");
    let (call, consume) = (call(&arms.calls), consume(&arms.consumers));
    let source = Source::new(package)
        .docs(&format!("Server of `{}`.", service.full_name))
        .import("std::sync", ["Arc"])
        .import(
            &context.runtime(""),
            ["BoxFuture", "Delivery", "Incoming", "IntoService", "Result", "Service"],
        )
        .import(&context.runtime(""), status)
        .import(&context.runtime("spec"), ["ServiceSpec"])
        .items(quote! {
            use super::#name;
            use super::spec::SPEC;

            #[doc = #about]
            #deprecated
            #[derive(Debug)]
            pub struct #server<S>(Arc<S>);

            impl<S: #name> #server<S> {
                /// Takes an implementation.
                #[must_use]
                pub fn new(service: S) -> Self {
                    Self(Arc::new(service))
                }
            }

            impl<S: #name> From<Arc<S>> for #server<S> {
                fn from(service: Arc<S>) -> Self {
                    Self(service)
                }
            }

            impl<S: #name> IntoService for #server<S> {
                fn into_service(self) -> Arc<dyn Service> {
                    Arc::new(self)
                }
            }

            impl<S: #name> Service for #server<S> {
                fn spec(&self) -> &'static ServiceSpec {
                    &SPEC
                }

                #call

                #consume
            }
        });
    files.add(
        context.place(&package.name).file(&[&module(service), "server"]),
        arms.written(source.text()),
    );
}

/// Arms of the two dispatchers. The formatter would wrap each in a block of its own, so it sees a word in its place.
struct Arms {
    calls: Vec<Ident>,
    consumers: Vec<Ident>,
    bodies: Vec<(String, String)>,
}

impl Arms {
    fn of(service: &Service) -> Self {
        let calls = service.methods.iter().map(|method| {
            let (shape, argument) = shape(method.kind);
            // What callers match on travels as a status.
            let end = if method.error_ident.is_some() { ".map_err(Status::from)" } else { "" };
            (format!("call.{shape}"), argument, &method.ident, end)
        });
        let consumers = service
            .consumes
            .iter()
            .map(|it| ("delivery.handle".to_owned(), "event", &it.ident, ""));
        let bodies =
            calls.chain(consumers).enumerate().map(|(index, (start, argument, name, end))| {
                // Named through `S`: a method called `clone` is then the service's, not the pointer's.
                let call = format!("S::{name}(&service, &ctx, {argument}).await{end}");
                let body = format!(
                    "{start}(move |ctx, {argument}| async move {{\n{INDENT}    {call}\n{INDENT}}})"
                );
                (format!("__arm_{index}__"), body)
            });
        let bodies: Vec<_> = bodies.collect();
        let mut words: Vec<_> = bodies.iter().map(|(word, _)| ident(word)).collect();
        let consumers = words.split_off(service.methods.len());
        Self { calls: words, consumers, bodies }
    }

    /// Puts the arms where their words are.
    fn written(self, text: String) -> String {
        self.bodies.iter().fold(text, |text, (word, body)| text.replacen(word.as_str(), body, 1))
    }
}

/// Indentation of an arm in a `match` in a method of an `impl`.
const INDENT: &str = "            ";

fn shape(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Unary => ("unary", "request"),
        Kind::ServerStream => ("server_stream", "request"),
        Kind::ClientStream => ("client_stream", "requests"),
        Kind::Bidirectional => ("bidirectional", "requests"),
    }
}

fn call(arms: &[Ident]) -> TokenStream {
    if arms.is_empty() {
        return quote! {
            fn call(&self, _method: usize, call: Incoming) {
                call.unimplemented();
            }
        };
    }
    let indices = (0..arms.len()).map(Literal::usize_unsuffixed);
    quote! {
        fn call(&self, method: usize, call: Incoming) {
            let service = Arc::clone(&self.0);
            match method {
                #(#indices => #arms,)*
                _ => call.unimplemented(),
            }
        }
    }
}

fn consume(arms: &[Ident]) -> TokenStream {
    if arms.is_empty() {
        return quote! {
            fn consume(&self, _consumer: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>> {
                delivery.unknown()
            }
        };
    }
    let indices = (0..arms.len()).map(Literal::usize_unsuffixed);
    quote! {
        fn consume(&self, consumer: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>> {
            let service = Arc::clone(&self.0);
            match consumer {
                #(#indices => #arms,)*
                _ => delivery.unknown(),
            }
        }
    }
}
