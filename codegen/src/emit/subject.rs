//! Subjects with fields in them: one function for each, that takes the fields.

use proc_macro2::TokenStream;
use quote::quote;

use super::service::module;
use super::source::{Source, ident};
use super::{Context, Files, docs};
use crate::schema::model::{Field, Package, Service, Shape, Template, Token};

pub(super) fn emit(context: &Context<'_>, package: &Package, service: &Service, files: &mut Files) {
    if !needed(service) {
        return;
    }
    let methods = service.methods.iter().filter(|method| !fields(&method.subject).is_empty());
    let builders = methods
        .map(|method| builder(&method.ident, &format!("`{}`", method.name), &method.subject));
    let source = Source::new(package)
        .docs(&format!("Subjects of `{}` that have fields in them.", service.full_name))
        .import(&context.runtime("subject"), ["Subject", "SubjectBuilder"])
        .items(quote! { #(#builders)* });
    files.add(context.place(&package.name).file(&[&module(service), "subject"]), source.text());
}

/// Whether a method of the service has fields in its subject.
pub(super) fn needed(service: &Service) -> bool {
    service.methods.iter().any(|method| !fields(&method.subject).is_empty())
}

/// Fields of a subject, in order.
pub(super) fn fields(template: &Template) -> Vec<&Field> {
    let field = |token| match token {
        &Token::Literal(_) => None,
        Token::Field(field) => Some(field),
    };
    template.tokens.iter().filter_map(field).collect()
}

/// Writes the function that builds a subject.
pub(super) fn builder(name: &str, of: &str, template: &Template) -> TokenStream {
    let docs = docs::attributes(&format!("Subject of {of}: `{}`.", template.text));
    let parameters = fields(template).into_iter().map(|field| {
        let (name, ty) = (ident(&field.ident), parameter(field.shape));
        quote! { #name: #ty }
    });
    let (name, steps) = (ident(name), steps(template));
    quote! {
        #docs
        #[must_use]
        pub fn #name(#(#parameters),*) -> Subject {
            #steps
        }
    }
}

fn parameter(shape: Shape) -> TokenStream {
    match shape {
        Shape::Text => quote! { &str },
        Shape::Integer => quote! { impl Into<i128> },
        Shape::Bool => quote! { bool },
    }
}

fn steps(template: &Template) -> TokenStream {
    if fields(template).is_empty() {
        let text = &template.text;
        return quote! { const { Subject::literal(#text) } };
    }
    let mut literal: Vec<&str> = Vec::new();
    let mut steps = TokenStream::new();
    for token in &template.tokens {
        match token {
            Token::Literal(text) => literal.push(text),
            Token::Field(field) => {
                steps.extend(literals(&mut literal, steps.is_empty()));
                steps.extend(step(field));
            }
        }
    }
    if !literal.is_empty() {
        steps.extend(literals(&mut literal, false));
    }
    quote! { #steps.build() }
}

fn literals(tokens: &mut Vec<&str>, first: bool) -> TokenStream {
    let text = std::mem::take(tokens).join(".");
    match (first, text.is_empty()) {
        (true, _) => quote! { SubjectBuilder::new(#text) },
        (false, true) => TokenStream::new(),
        (false, false) => quote! { .literal(#text) },
    }
}

fn step(field: &Field) -> TokenStream {
    let name = ident(&field.ident);
    match field.shape {
        Shape::Text => quote! { .token(#name) },
        Shape::Integer => quote! { .integer(#name) },
        Shape::Bool => quote! { .boolean(#name) },
    }
}

/// Writes the call of a builder, with fields of a message.
pub(super) fn call(name: &str, fields: &[&Field], message: &TokenStream) -> TokenStream {
    let arguments = fields.iter().map(|field| argument(field, message));
    let name = ident(name);
    quote! { #name(#(#arguments),*) }
}

fn argument(field: &Field, message: &TokenStream) -> TokenStream {
    let name = ident(&field.ident);
    match (field.shape, field.optional) {
        (Shape::Text, false) => quote! { &#message.#name },
        (Shape::Text, true) => quote! { #message.#name.as_deref().unwrap_or_default() },
        (Shape::Integer | Shape::Bool, false) => quote! { #message.#name },
        (Shape::Integer | Shape::Bool, true) => quote! { #message.#name.unwrap_or_default() },
    }
}
