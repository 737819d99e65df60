//! The method table of a service, as a macro of the trait's name: it tells `#[service]` what the schema says.

use super::service::{Parts, module};
use super::{Context, layout};
use crate::schema::model::{Kind, Method, Package, Service, Type};

/// Writes the macro.
pub(super) fn text(context: &Context<'_>, package: &Package, service: &Service) -> String {
    let mut table = String::new();
    for method in &service.methods {
        table.push_str(&row(context, package, service, method));
    }
    for consume in &service.consumes {
        let (ident, event) = (&consume.ident, &consume.event.message);
        let ty = path(context, package, event);
        let name = &event.full_name;
        let row = format!("                    {ident} \"{name}\" event ({ty}) (());\n");
        table.push_str(&row);
    }
    let Parts { name, .. } = Parts::of(service);
    let (macro_name, full_name) = (macro_name(package, service), &service.full_name);
    let runtime = context.runtime_path();
    format!(
        "/// The method table of [`{name}`], for `#[service]`.
#[doc(hidden)]
#[macro_export]
macro_rules! {macro_name} {{
    ($($input:tt)*) => {{
        {runtime}::__service! {{
            {{
                service \"{full_name}\" trait {name}
                methods {{
{table}                }}
            }}
            $($input)*
        }}
    }};
}}

#[doc(hidden)]
pub use {macro_name} as {name};
"
    )
}

fn row(context: &Context<'_>, package: &Package, service: &Service, method: &Method) -> String {
    let kind = match method.kind {
        Kind::Unary => "unary",
        Kind::ServerStream => "server_stream",
        Kind::ClientStream => "client_stream",
        Kind::Bidirectional => "bidirectional",
    };
    let Method { ident, name, request, response, .. } = method;
    let (request, response) = (path(context, package, request), path(context, package, response));
    let error = method.error_ident.as_ref().map(|error| {
        let inner = &context.place(&package.name).inner;
        format!(" ({})", outside(&format!("{inner}::{}::{error}", module(service))))
    });
    let error = error.unwrap_or_default();
    format!("                    {ident} \"{name}\" {kind} ({request}) ({response}){error};\n")
}

/// Path of a message in a crate that need not depend on the crate of the message.
fn path(context: &Context<'_>, package: &Package, message: &Type) -> String {
    let place = context.place(&package.name);
    let path = context.message_path(message, place);
    if path.starts_with("crate::") {
        return outside(&path);
    }
    match path.strip_prefix("::") {
        Some(outer) if place.krate.is_some() => format!("$crate::__crates::{outer}"),
        _ => path,
    }
}

/// Path of something in this crate, for code that other crates expand.
fn outside(path: &str) -> String {
    path.strip_prefix("crate::").map_or_else(|| path.to_owned(), |it| format!("$crate::{it}"))
}

/// Crates whose types a crate's method tables name, as code writes them.
pub(super) fn crates_named(context: &Context<'_>, package: &Package) -> Vec<String> {
    let place = context.place(&package.name);
    let mut crates = Vec::new();
    for service in &package.services {
        let methods = service.methods.iter().flat_map(|method| [&method.request, &method.response]);
        let events = service.consumes.iter().map(|consume| &consume.event.message);
        for message in methods.chain(events) {
            let path = context.message_path(message, place);
            let outer = path.strip_prefix("::").and_then(|path| path.split("::").next());
            crates.extend(outer.map(str::to_owned));
        }
    }
    crates
}

fn macro_name(package: &Package, service: &Service) -> String {
    format!("__{}_{}", package.name.replace('.', "_"), layout::plain(&module(service)))
}
