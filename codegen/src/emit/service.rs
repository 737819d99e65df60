//! The trait of a service.

use proc_macro2::TokenStream;
use quote::quote;

use super::names::Names;
use super::source::{self, Source, ident};
use super::{Context, Files, docs, error, method_table, steps, store};
use crate::schema::model::{Consume, Kind, Method, Package, Service};

pub(super) fn emit(context: &Context<'_>, package: &Package, service: &Service, files: &mut Files) {
    let parts = Parts::of(service);
    let mut names = Names::new(context, package, &own(service, &parts));
    let methods: Vec<_> =
        service.methods.iter().map(|method| signature(method, &mut names)).collect();
    let consumers: Vec<_> =
        service.consumes.iter().map(|consume| consumer(consume, &mut names)).collect();
    let source = Source::new(package)
        .docs(&format!(
            "`{}`: the trait to implement, and what is generated around it.",
            service.full_name
        ))
        .import("std::future", ["Future"])
        .import(&context.runtime(""), ["Context", "Result"])
        .import(&context.runtime(""), streams(service))
        .imports(names.imports())
        .items(submodules(context, service, &parts))
        .items(interface(service, &parts, &methods, &consumers))
        .tail(&method_table::text(context, package, service));
    files.add(context.place(&package.name).file(&[&module(service)]), source.text());
}

/// Name of a service's module.
pub(super) fn module(service: &Service) -> String {
    crate::schema::ident::snake(&service.name)
}

/// Names of what is generated for a service.
pub(super) struct Parts {
    pub(super) name: String,
    /// A service that only listens has nothing to call, and no client.
    pub(super) client: Option<String>,
    pub(super) server: String,
    pub(super) mock: String,
}

impl Parts {
    pub(super) fn of(service: &Service) -> Self {
        let stem = &service.stem;
        let client = (!service.methods.is_empty()).then(|| format!("{stem}Client"));
        let (server, mock) = (format!("{stem}Server"), format!("{stem}Mock"));
        Self { name: service.name.clone(), client, server, mock }
    }

    /// Every name, which no message may have in a file that uses them.
    pub(super) fn all(&self) -> Vec<&str> {
        let Self { name, client, server, mock } = self;
        [name, server, mock].into_iter().chain(client).map(String::as_str).collect()
    }
}

/// Every name that a service's files declare or import by themselves.
pub(super) fn own<'a>(service: &'a Service, parts: &'a Parts) -> Vec<&'a str> {
    [parts.all(), error::idents(service), steps::idents(service), store::idents(service)].concat()
}

/// Names of a service's modules and items that its package exports: those behind the mock's feature come apart.
pub(super) fn exports(service: &Service) -> (Vec<String>, String) {
    let Parts { name, client, server, mock } = Parts::of(service);
    // Each service may have one for answers, all of one name.
    let buckets = service.buckets.iter().filter(|bucket| !bucket.keeps_answers);
    let buckets = buckets.map(super::spec::bucket_name);
    let idents = [error::idents(service), steps::idents(service), store::idents(service)].concat();
    let idents = idents.into_iter().map(str::to_owned);
    ([name, server].into_iter().chain(client).chain(buckets).chain(idents).collect(), mock)
}

/// Types of streams that the trait names.
pub(super) fn streams(service: &Service) -> Vec<&'static str> {
    let has = |kinds: &[Kind]| service.methods.iter().any(|method| kinds.contains(&method.kind));
    let inbound = has(&[Kind::ClientStream, Kind::Bidirectional]).then_some("Inbound");
    let outbound = has(&[Kind::ServerStream, Kind::Bidirectional]).then_some("Outbound");
    inbound.into_iter().chain(outbound).collect()
}

fn submodules(context: &Context<'_>, service: &Service, parts: &Parts) -> TokenStream {
    let Parts { client, server, mock, .. } = parts;
    let (server, mock) = (ident(server), ident(mock));
    let client = client.iter().map(|client| ident(client));
    let client = client.map(|client| (quote! { mod client; }, quote! { pub use client::#client; }));
    let (client, export): (TokenStream, TokenStream) = client.unzip();
    let subject = super::subject::needed(service).then(|| quote! { pub mod subject; });
    let buckets: Vec<_> =
        service.buckets.iter().map(|bucket| ident(&super::spec::bucket_name(bucket))).collect();
    let spec = if buckets.is_empty() {
        quote! { SPEC }
    } else {
        quote! { {#(#buckets,)* SPEC} }
    };
    let gate = mock_gate(context);
    let (errors, every_error) = submodule("error", &error::idents(service));
    let (steps, every_step) = submodule("steps", &steps::idents(service));
    let (store, every_store) = submodule("store", &store::idents(service));
    quote! {
        #client
        #errors
        mod server;
        mod spec;
        #steps
        #store
        #subject
        #gate
        mod mock;

        #export
        #every_error
        pub use server::#server;
        pub use spec::#spec;
        #every_step
        #every_store
        #gate
        pub use mock::#mock;
    }
}

/// A module and the export of what it has, if it has anything.
fn submodule(name: &str, items: &[&str]) -> (Option<TokenStream>, TokenStream) {
    let name = ident(name);
    let declared = (!items.is_empty()).then(|| quote! { mod #name; });
    (declared, source::import(&quote! { pub use #name }, items))
}

/// The attribute that hides mocks behind their feature.
pub(super) fn mock_gate(context: &Context<'_>) -> TokenStream {
    let feature = context.settings.mock_feature.as_ref();
    feature.map_or_else(TokenStream::new, |feature| quote! { #[cfg(feature = #feature)] })
}

fn interface(
    service: &Service,
    parts: &Parts,
    methods: &[TokenStream],
    consumers: &[TokenStream],
) -> TokenStream {
    let docs = docs::attributes(&service.docs);
    let deprecated = deprecated(service.deprecated);
    let (name, server) = (ident(&parts.name), ident(&parts.server));
    quote! {
        #docs
        #deprecated
        pub trait #name: Send + Sync + 'static {
            #(#methods)*
            #(#consumers)*

            /// Wraps the implementation so that a host can serve it.
            fn into_server(self) -> #server<Self>
            where
                Self: Sized,
            {
                #server::new(self)
            }
        }
    }
}

/// `#[deprecated]`, if so.
pub(super) fn deprecated(is: bool) -> TokenStream {
    if is {
        quote! { #[deprecated] }
    } else {
        TokenStream::new()
    }
}

fn signature(method: &Method, names: &mut Names<'_>) -> TokenStream {
    let docs = docs::attributes(&method.docs);
    let deprecated = deprecated(method.deprecated);
    let name = ident(&method.ident);
    let argument = match method.kind {
        Kind::Unary | Kind::ServerStream => quote! { request },
        Kind::ClientStream | Kind::Bidirectional => quote! { requests },
    };
    let (takes, gives) = takes_and_gives(method, names);
    let error = error::argument(method);
    quote! {
        #docs
        #deprecated
        fn #name(&self, ctx: &Context, #argument: #takes) -> impl Future<Output = Result<#gives #error>> + Send;
    }
}

/// What a method of the trait takes and gives.
pub(super) fn takes_and_gives(
    method: &Method,
    names: &mut Names<'_>,
) -> (TokenStream, TokenStream) {
    let (request, response) = (names.message(&method.request), names.message(&method.response));
    match method.kind {
        Kind::Unary => (request, response),
        Kind::ServerStream => (request, quote! { Outbound<#response> }),
        Kind::ClientStream => (quote! { Inbound<#request> }, response),
        Kind::Bidirectional => (quote! { Inbound<#request> }, quote! { Outbound<#response> }),
    }
}

fn consumer(consume: &Consume, names: &mut Names<'_>) -> TokenStream {
    let docs = docs::attributes(&format!(
        "Takes an event, `{event}`.\n\n{docs}",
        event = consume.event.message.full_name,
        docs = docs::flush(&consume.event.docs)
    ));
    let deprecated = deprecated(consume.event.deprecated);
    let name = ident(&consume.ident);
    let event = names.message(&consume.event.message);
    quote! {
        #docs
        #deprecated
        fn #name(&self, ctx: &Context, event: #event) -> impl Future<Output = Result<()>> + Send;
    }
}
