//! What the schema says of a service's methods: once what most of them have, then of each what it has of its own.

use proc_macro2::TokenStream;
use quote::quote;

use super::source::ident;
use super::spec::{duration, number};
use super::{policy, sealed};
use crate::schema::model::{Idempotency, Kind, Method, Package, Service};

/// The constants of a service's methods.
pub(super) struct Methods {
    /// What most methods have, where there are several.
    pub(super) usual: Option<TokenStream>,
    /// The methods, in the order of the schema.
    pub(super) each: Vec<TokenStream>,
}

impl Methods {
    pub(super) fn new(package: &Package, service: &Service) -> Self {
        let methods: Vec<_> =
            service.methods.iter().map(|it| fields(package, it, service)).collect();
        if let [only] = methods.as_slice() {
            return Self { usual: None, each: vec![constant(only, None)] };
        }
        let Some(first) = methods.first() else { return Self { usual: None, each: Vec::new() } };
        let usual: Vec<_> = (0..first.len()).map(|at| most_common(&methods, at)).collect();
        let about = format!(" What a method of `{}` has that says nothing else.", service.name);
        let value = constant(&usual, None);
        let each = methods.iter().map(|fields| constant(fields, Some(&usual))).collect();
        let usual = quote! {
            #[doc = #about]
            const USUAL: MethodSpec = #value;
        };
        Self { usual: Some(usual), each }
    }

    /// Types of the runtime that they are made of.
    pub(super) fn used(package: &Package, service: &Service) -> Vec<&'static str> {
        let mut used = policy::used(service);
        if !service.methods.is_empty() {
            used.extend(["Idempotency", "Kind", "MethodSpec"]);
        }
        if service.methods.iter().any(policy::is_asked_for) {
            used.push("Policy");
        }
        if service.methods.iter().any(|method| is_sealed(package, method)) {
            used.push("SealedSides");
        }
        used
    }
}

/// A field of a method's constant.
#[derive(Clone)]
struct Field {
    name: &'static str,
    says: Says,
}

#[derive(Clone)]
enum Says {
    /// What every method says by itself.
    Own(TokenStream),
    /// What methods often have in common.
    Common(TokenStream),
    /// The same, where the schema asks for nothing: what the runtime's empty constant has.
    Empty(TokenStream),
    /// Nothing, as it has no meaning for the method.
    Nothing,
}

impl Field {
    /// What is said beside what is usual.
    fn beside(&self, usual: Option<&Self>) -> Option<TokenStream> {
        let usual = usual.map(|usual| &usual.says);
        let value = match (&self.says, usual) {
            (Says::Empty(_), Some(Says::Empty(_) | Says::Nothing) | None) | (Says::Nothing, _) => {
                return None;
            }
            (Says::Common(value), Some(Says::Common(usual))) if is_same(value, usual) => {
                return None;
            }
            (Says::Own(value) | Says::Common(value) | Says::Empty(value), _) => value,
        };
        let name = ident(self.name);
        Some(quote! { #name: #value, })
    }
}

fn own(name: &'static str, value: TokenStream) -> Field {
    Field { name, says: Says::Own(value) }
}

fn common(name: &'static str, value: TokenStream) -> Field {
    Field { name, says: Says::Common(value) }
}

fn unless(empty: TokenStream, name: &'static str, value: TokenStream) -> Field {
    let says = if is_same(&value, &empty) { Says::Empty(empty) } else { Says::Common(value) };
    Field { name, says }
}

fn is_same(one: &TokenStream, other: &TokenStream) -> bool {
    one.to_string() == other.to_string()
}

/// What the most methods say in one place, and more than one; the first of what as many say.
fn most_common(methods: &[Vec<Field>], at: usize) -> Field {
    let said = || methods.iter().map(|fields| &fields[at]);
    let text = |field: &Field| match &field.says {
        Says::Common(value) | Says::Empty(value) => Some(value.to_string()),
        Says::Own(_) | Says::Nothing => None,
    };
    let count = |field: &Field| {
        let own = text(field)?;
        Some(said().filter(|other| text(other).as_ref() == Some(&own)).count())
    };
    let most = said().rev().max_by_key(|field| count(field));
    let most = most.filter(|most| count(most) > Some(1));
    most.map_or(Field { name: "", says: Says::Nothing }, Field::clone)
}

fn constant(fields: &[Field], usual: Option<&[Field]>) -> TokenStream {
    let said = fields
        .iter()
        .enumerate()
        .filter_map(|(at, field)| field.beside(usual.map(|usual| &usual[at])));
    let rest = if usual.is_some() {
        quote! { USUAL }
    } else {
        quote! { MethodSpec::EMPTY }
    };
    quote! { MethodSpec { #(#said)* ..#rest } }
}

fn fields(package: &Package, method: &Method, service: &Service) -> Vec<Field> {
    let Service { full_name, subject: service_subject, schema_hash, .. } = service;
    let Method { name, queue_group, max_in_flight, adaptive, critical, credit, .. } = method;
    let subject = method.subject.pattern();
    let (request, response) = (&method.request.full_name, &method.response.full_name);
    let stream = |name, value| match method.kind {
        Kind::Unary => Field { name, says: Says::Nothing },
        _ => common(name, value),
    };
    vec![
        common("service", quote! { #full_name }),
        common("service_subject", quote! { #service_subject }),
        own("name", quote! { #name }),
        own("subject", quote! { #subject }),
        common("queue_group", quote! { #queue_group }),
        own("kind", kind(method.kind)),
        common("timeout", duration(method.timeout)),
        own("idempotency", idempotency(method.idempotency)),
        common("max_in_flight", number(*max_in_flight)),
        unless(quote! { None }, "adaptive", policy::adaptive(*adaptive)),
        unless(quote! { false }, "critical", quote! { #critical }),
        stream("credit", number(*credit)),
        stream("idle_timeout", duration(method.idle_timeout)),
        unless(quote! { Policy::NONE }, "policy", policy::value(method, schema_hash)),
        unless(quote! { None }, "replay", policy::replay(method.idempotency_ttl)),
        own("request", quote! { #request }),
        own("response", quote! { #response }),
        unless(quote! { SealedSides::NONE }, "sealed", sides(package, method)),
    ]
}

fn kind(kind: Kind) -> TokenStream {
    match kind {
        Kind::Unary => quote! { Kind::Unary },
        Kind::ServerStream => quote! { Kind::ServerStream },
        Kind::ClientStream => quote! { Kind::ClientStream },
        Kind::Bidirectional => quote! { Kind::Bidirectional },
    }
}

fn idempotency(idempotency: Idempotency) -> TokenStream {
    match idempotency {
        Idempotency::None => quote! { Idempotency::None },
        Idempotency::NoSideEffects => quote! { Idempotency::NoSideEffects },
        Idempotency::Idempotent => quote! { Idempotency::Idempotent },
        Idempotency::Keyed => quote! { Idempotency::Keyed },
    }
}

fn is_sealed(package: &Package, method: &Method) -> bool {
    [&method.request, &method.response].iter().any(|it| package.sealed_in(it).is_some())
}

fn sides(package: &Package, method: &Method) -> TokenStream {
    if !is_sealed(package, method) {
        return quote! { SealedSides::NONE };
    }
    let [request, response] =
        [&method.request, &method.response].map(|it| sealed::value(package, it, 2));
    quote! { SealedSides { request: #request, response: #response } }
}
