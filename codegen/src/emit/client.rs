//! The client of a service.

use proc_macro2::TokenStream;
use quote::quote;

use super::names::Names;
use super::service::{Parts, deprecated, module, own};
use super::source::{Source, ident};
use super::{Context, Files, docs, error, subject};
use crate::schema::model::{Kind, Method, Package, Service};

pub(super) fn emit(context: &Context<'_>, package: &Package, service: &Service, files: &mut Files) {
    // A service that only listens has nothing to call.
    let parts = Parts::of(service);
    let Parts { name, client: Some(client), .. } = &parts else { return };
    let mut names = Names::new(context, package, &own(service, &parts));
    let methods =
        service.methods.iter().enumerate().map(|(index, it)| method(index, it, &mut names));
    let methods: Vec<_> = methods.collect();
    let client = ident(client);
    let about = format!(" Calls [`{name}`](super::{name}).");
    let deprecated = deprecated(service.deprecated);
    let subject = subject::needed(service).then(|| quote! { use super::subject; });
    let errors = error::import(service, &quote! { use super::error });
    let source = Source::new(package)
        .docs(&format!("Client of `{}`.", service.full_name))
        .import(&context.runtime(""), ["Connection"])
        .import(&context.runtime(""), used(service))
        .imports(names.imports())
        .items(quote! {
            #errors
            use super::spec::SPEC;
            #subject

            #[doc = #about]
            ///
            /// Cheap to clone: every clone speaks over one connection.
            #deprecated
            #[derive(Clone, Debug)]
            pub struct #client {
                connection: Connection,
            }

            impl #client {
                /// Makes a client that speaks over a connection.
                #[must_use]
                pub fn new(connection: &Connection) -> Self {
                    Self { connection: connection.clone() }
                }

                #(#methods)*
            }
        });
    files.add(context.place(&package.name).file(&[&module(service), "client"]), source.text());
}

fn used(service: &Service) -> Vec<&'static str> {
    let call = service.methods.iter().map(|method| call_type(method.kind));
    let streams = |method: &Method| matches!(method.kind, Kind::ClientStream | Kind::Bidirectional);
    let outbound = service.methods.iter().any(streams).then_some("Outbound");
    call.chain(outbound).collect()
}

fn call_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Unary => "Call",
        Kind::ServerStream => "StreamCall",
        Kind::ClientStream => "UploadCall",
        Kind::Bidirectional => "DuplexCall",
    }
}

fn method(index: usize, method: &Method, names: &mut Names<'_>) -> TokenStream {
    let docs = docs::attributes(&method.docs);
    let deprecated = deprecated(method.deprecated);
    let (name, call) = (ident(&method.ident), ident(call_type(method.kind)));
    let (request, response) = (names.message(&method.request), names.message(&method.response));
    let index = proc_macro2::Literal::usize_unsuffixed(index);
    let (argument, takes, start) = match method.kind {
        Kind::Unary => (quote! { request }, quote! { #request }, quote! { call }),
        Kind::ServerStream => (quote! { request }, quote! { #request }, quote! { server_stream }),
        Kind::ClientStream => (
            quote! { requests },
            quote! { impl Into<Outbound<#request>> },
            quote! { client_stream },
        ),
        Kind::Bidirectional => (
            quote! { requests },
            quote! { impl Into<Outbound<#request>> },
            quote! { bidirectional },
        ),
    };
    let error = error::argument(method);
    let fields = subject::fields(&method.subject);
    let declaring = error.is_some().then(|| quote! { .declaring() });
    let body = if fields.is_empty() {
        quote! { self.connection.#start(&SPEC.methods[#index], #argument) #declaring }
    } else {
        let at = subject::call(&method.ident, &fields, &quote! { request });
        quote! {
            let subject = subject::#at;
            self.connection.#start(&SPEC.methods[#index], #argument).at(subject) #declaring
        }
    };
    quote! {
        #docs
        #deprecated
        pub fn #name(&self, #argument: #takes) -> #call<#request, #response #error> {
            #body
        }
    }
}
