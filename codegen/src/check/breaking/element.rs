//! Names of what findings are about.

use super::tree::{Spot, Tree};
use crate::check::image::descriptor::{
    DescriptorProto, EnumDescriptorProto, FileDescriptorProto, ServiceDescriptorProto,
};

/// Full name of the element at a spot, an enum's value inside its enum; the path of the file where it is about no
/// element of it.
pub(super) fn name(tree: &Tree<'_>, spot: &Spot<'_>) -> String {
    let file = tree.files.get(spot.file).map(|file| file.proto);
    let found = file.and_then(|file| spot.paths.iter().find_map(|path| in_file(file, path)));
    found.unwrap_or_else(|| spot.file.to_owned())
}

fn in_file(file: &FileDescriptorProto, path: &[i32]) -> Option<String> {
    let (kind, at, rest) = step(path)?;
    let nested = match kind {
        4 => in_message(file.message_type.get(at)?, rest),
        5 => in_enum(file.enum_type.get(at)?, rest),
        6 => in_service(file.service.get(at)?, rest),
        7 => file.extension.get(at)?.name().to_owned(),
        _ => return None,
    };
    Some(match file.package() {
        "" => nested,
        package => format!("{package}.{nested}"),
    })
}

fn in_message(message: &DescriptorProto, path: &[i32]) -> String {
    let inner = step(path).and_then(|(kind, at, rest)| match kind {
        2 => Some(message.field.get(at)?.name().to_owned()),
        3 => Some(in_message(message.nested_type.get(at)?, rest)),
        4 => Some(in_enum(message.enum_type.get(at)?, rest)),
        6 => Some(message.extension.get(at)?.name().to_owned()),
        8 => Some(message.oneof_decl.get(at)?.name().to_owned()),
        _ => None,
    });
    within(message.name(), inner)
}

fn in_enum(it: &EnumDescriptorProto, path: &[i32]) -> String {
    let inner = step(path).filter(|(kind, ..)| *kind == 2);
    within(it.name(), inner.and_then(|(_, at, _)| Some(it.value.get(at)?.name().to_owned())))
}

fn in_service(service: &ServiceDescriptorProto, path: &[i32]) -> String {
    let inner = step(path).filter(|(kind, ..)| *kind == 2);
    within(
        service.name(),
        inner.and_then(|(_, at, _)| Some(service.method.get(at)?.name().to_owned())),
    )
}

fn within(outer: &str, inner: Option<String>) -> String {
    inner.map_or_else(|| outer.to_owned(), |inner| format!("{outer}.{inner}"))
}

/// Field and index of the descriptor's next element.
fn step(path: &[i32]) -> Option<(i32, usize, &[i32])> {
    let [kind, at, rest @ ..] = path else { return None };
    Some((*kind, usize::try_from(*at).ok()?, rest))
}
