//! Compares one function with its method. The first mistake is told: the others often follow from it.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::{
    Error, FnArg, GenericArgument, PathArguments, PathSegment, Receiver, ReceiverKind, Result,
    ReturnType, Signature, Type,
};

use super::table::Method;

/// Checks `async fn name(&self, ctx: &Context, request: Request) -> Result<Response>`.
pub(super) fn check(method: &Method, signature: &Signature) -> Result<()> {
    parameters(method, signature)?;
    output(method, signature)
}

fn parameters(method: &Method, signature: &Signature) -> Result<()> {
    let label = method.label();
    let mut inputs = signature.inputs.iter();
    match inputs.next() {
        Some(FnArg::Receiver(receiver)) if is_shared(receiver) => {}
        Some(FnArg::Receiver(receiver)) => {
            let why = "calls run side by side, so what changes goes behind a lock";
            return Err(Error::new(receiver.span(), format!("{label} takes `&self`: {why}")));
        }
        Some(FnArg::Typed(_)) | None => {
            return Err(Error::new(signature.ident.span(), format!("{label} takes `&self` first")));
        }
    }
    match inputs.next() {
        Some(FnArg::Typed(context)) if is_context(&context.ty) => {}
        Some(other) => {
            return Err(Error::new(
                other.span(),
                format!("{label} takes `ctx: &Context` after `&self`"),
            ));
        }
        None => {
            let span = signature.paren_token.span.close();
            return Err(Error::new(span, format!("{label} takes `ctx: &Context` after `&self`")));
        }
    }
    let wanted = method.request_text();
    let what = if method.request_text().starts_with("Inbound<") { "requests" } else { "request" };
    match inputs.next() {
        Some(FnArg::Typed(request)) if is_named(&request.ty, &wanted) => {}
        Some(FnArg::Typed(request)) => {
            let text = format!("{label} takes `{wanted}`, not `{}`", written(&request.ty));
            return Err(Error::new(request.ty.span(), text));
        }
        Some(FnArg::Receiver(_)) | None => {
            let span = signature.paren_token.span.close();
            return Err(Error::new(span, format!("{label} takes `{what}: {wanted}` after `ctx`")));
        }
    }
    match inputs.next() {
        None => Ok(()),
        Some(extra) => {
            let text = format!("{label} takes `&self`, `ctx` and `{what}`, nothing else");
            Err(Error::new(extra.span(), text))
        }
    }
}

fn output(method: &Method, signature: &Signature) -> Result<()> {
    let label = method.label();
    if signature.asyncness.is_none() {
        // A function that gives a future is what `async fn` stands for.
        return match &signature.output {
            ReturnType::Type(_, ty) if is_future(ty) => Ok(()),
            _ => Err(Error::new(
                signature.fn_token.span(),
                format!("{label} is not async; write `async fn {}`", signature.ident),
            )),
        };
    }
    let wanted = method.result_text();
    match &signature.output {
        ReturnType::Type(_, ty) if is_result(ty, method) => Ok(()),
        ReturnType::Type(_, ty) => {
            let text = format!("{label} returns `{wanted}`, not `{}`", written(ty));
            Err(Error::new(ty.span(), text))
        }
        ReturnType::Default => {
            Err(Error::new(end_of(signature), format!("{label} returns `{wanted}`")))
        }
    }
}

fn is_shared(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_none(),
        ReceiverKind::Typed(_, ty) => {
            matches!(&**ty, Type::Reference(ty) if ty.mutability.is_none())
        }
        _ => false,
    }
}

fn is_context(ty: &Type) -> bool {
    matches!(ty, Type::Reference(ty) if ty.mutability.is_none() && is_named(&ty.elem, "Context"))
}

fn is_future(ty: &Type) -> bool {
    match ty {
        Type::ImplTrait(_) => true,
        _ => segment(ty).is_some_and(|segment| {
            segment.ident.to_string().ends_with("Future") || segment.ident == "Pin"
        }),
    }
}

/// Whether a type is the result of a method. That it fails with a plain status need not be said.
fn is_result(ty: &Type, method: &Method) -> bool {
    let succeeds = is_named(ty, &format!("Result<{}>", method.response_text()));
    let error = segment(ty).and_then(|segment| arguments(segment).nth(1));
    let fails = method
        .error
        .as_ref()
        .is_none_or(|wanted| error.is_some_and(|error| is_named(error, &wanted.name)));
    succeeds && fails
}

/// Whether a type is what a text such as `Result<Outbound<Tick>>` says, by the last segment of each path.
fn is_named(ty: &Type, text: &str) -> bool {
    let (name, argument) = match text.strip_suffix('>').and_then(|text| text.split_once('<')) {
        Some((name, argument)) => (name, Some(argument)),
        None => (text, None),
    };
    match ty {
        Type::Paren(inner) => return is_named(&inner.elem, text),
        Type::Group(inner) => return is_named(&inner.elem, text),
        Type::Tuple(tuple) => return tuple.elems.is_empty() && text == "()",
        _ => {}
    }
    let Some(segment) = segment(ty) else { return false };
    segment.ident == name
        && argument
            .is_none_or(|text| arguments(segment).next().is_some_and(|ty| is_named(ty, text)))
}

fn segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(ty) => ty.path.segments.last(),
        _ => None,
    }
}

fn arguments(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

fn written(ty: &Type) -> String {
    let text = quote::quote!(#ty).to_string();
    text.replace(" < ", "<")
        .replace(" >", ">")
        .replace(" :: ", "::")
        .replace("& ", "&")
        .replace(" ,", ",")
}

fn end_of(signature: &Signature) -> Span {
    signature.paren_token.span.close()
}
