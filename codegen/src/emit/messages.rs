//! Messages and enums, by prost.

use std::collections::BTreeSet;

use prost_build::{Config, Module};
use prost_reflect::prost_types::{FileDescriptorProto, SourceCodeInfo};

mod comments;
pub(super) mod holds;
mod notes;
mod redact;
mod types;

use super::source::Source;
use super::{Context, Files, WELL_KNOWN};
use crate::diagnostic::{Finding, Place};
use crate::schema::guarded;
use crate::schema::model::Package;
use notes::Notes;

pub(super) fn emit(
    context: &Context<'_>,
    package: &Package,
    files: &mut Files,
    findings: &mut Vec<Finding>,
) {
    if !declared(context, package) {
        return;
    }
    let mut file = match generate(context, package).and_then(|text| parse(&text)) {
        Ok(file) => file,
        Err(why) => return findings.push(refused(package, &why)),
    };
    Notes::new(context, package).annotate(&mut file.items);
    let source =
        Source::new(package).docs(&format!("Messages of `{}`.", package.name)).parsed(file.items);
    files.add(context.place(&package.name).file(&["messages"]), source.text());
}

/// The last resort, where a rule would have said more.
fn refused(package: &Package, why: &str) -> Finding {
    let place = Place::file(package.files.first().unwrap_or(&package.name));
    let text = format!("no code can be written for the messages of `{}`: {why}", package.name);
    Finding::new("MESSAGES_WRITTEN", text, place)
        .help("rename what is named there, and report it: a rule should have said so before")
}

/// Whether a package declares a message or an enum at all.
pub(super) fn declared(context: &Context<'_>, package: &Package) -> bool {
    own_files(context, package)
        .any(|file| !file.message_type.is_empty() || !file.enum_type.is_empty())
}

fn own_files<'a>(
    context: &'a Context<'_>,
    package: &Package,
) -> impl Iterator<Item = &'a FileDescriptorProto> {
    context.descriptors.file.iter().filter(move |file| file.package() == package.name)
}

/// Lets prost write the messages of one package.
fn generate(context: &Context<'_>, package: &Package) -> Result<String, String> {
    let own = Module::from_protobuf_package_name(&package.name);
    let closure = closure(context, package);
    let requests = closure.iter().map(|file| {
        let module = Module::from_protobuf_package_name(file.package());
        (module, prepared(file, file.package() == package.name))
    });
    let written = guarded(|| config(context, package, &closure).generate(requests.collect()));
    let written = written.ok_or("prost panics")?;
    let mut modules = written.map_err(|error| error.to_string())?;
    Ok(readable(context, package, &modules.remove(&own).unwrap_or_default()))
}

/// Shortens what prost writes as whole paths, where no type of the package takes the short name away.
fn readable(context: &Context<'_>, package: &Package, text: &str) -> String {
    let types = own_files(context, package).flat_map(types::declared);
    let types = types.filter_map(|(_, ty)| ty.path.last().cloned());
    let taken: BTreeSet<_> =
        types.chain(own_files(context, package).flat_map(types::oneofs)).collect();
    let text = SHORT
        .iter()
        .filter(|(_, short)| !taken.contains(*short))
        .fold(comments::restored(text), |text, (long, short)| text.replace(long, short));
    // The module of the package allows it already.
    text.replace("#[allow(deprecated)]", "")
}

/// Paths as prost writes them, and names of the prelude.
const SHORT: &[(&str, &str)] = &[
    ("::core::option::Option", "Option"),
    ("::prost::alloc::boxed::Box", "Box"),
    ("::prost::alloc::string::String", "String"),
    ("::prost::alloc::vec::Vec", "Vec"),
];

fn config(context: &Context<'_>, package: &Package, closure: &[&FileDescriptorProto]) -> Config {
    let mut config = Config::new();
    // Maps in order and bytes that share the buffer they came in: equal messages then encode equally.
    config.btree_map(["."]).bytes(["."]).enable_type_names();
    if let Some(path) = context.elsewhere(WELL_KNOWN) {
        config.prost_types_path(path);
    }
    let place = context.place(&package.name);
    let foreign = closure.iter().filter(|file| file.package() != package.name);
    let foreign = foreign.flat_map(|file| types::declared(file));
    for (name, ty) in foreign.filter(|(_, ty)| ty.package != WELL_KNOWN) {
        if context.knows(&ty.package) {
            config.extern_path(format!(".{name}"), context.message_path(&ty, place));
        }
    }
    config
}

/// Files of a package, and those whose messages they hold: prost looks into them to derive `Eq` and to box.
fn closure<'a>(context: &'a Context<'_>, package: &Package) -> Vec<&'a FileDescriptorProto> {
    let all = &context.descriptors.file;
    let mut wanted: Vec<usize> =
        (0..all.len()).filter(|&at| all[at].package() == package.name).collect();
    let mut next = 0;
    while let Some(&at) = wanted.get(next) {
        for file in &context.holds[at] {
            if !wanted.contains(file) {
                wanted.push(*file);
            }
        }
        next += 1;
    }
    wanted.sort_unstable();
    wanted.into_iter().map(|at| &all[at]).collect()
}

/// A file for prost: with safe comments if it is to be written, without any if it isn't.
fn prepared(file: &FileDescriptorProto, own: bool) -> FileDescriptorProto {
    let info = file.source_code_info.as_ref().filter(|_| own);
    let location = info.map(|info| info.location.iter().map(comments::neutral).collect());
    FileDescriptorProto {
        name: file.name.clone(),
        package: file.package.clone(),
        dependency: file.dependency.clone(),
        message_type: file.message_type.clone(),
        enum_type: file.enum_type.clone(),
        syntax: file.syntax.clone(),
        source_code_info: location.map(|location| SourceCodeInfo { location }),
        ..FileDescriptorProto::default()
    }
}

fn parse(text: &str) -> Result<syn::File, String> {
    syn::parse_str(text).map_err(|error| format!("what prost wrote is no Rust: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_rust_is_no_panic() {
        for text in ["pub enum Kind { = 0 }", "pub struct \u{0}", "pub mod {", "\"", "'"] {
            let why = parse(text).expect_err("no Rust");
            assert!(why.starts_with("what prost wrote is no Rust: "), "{why}");
        }
    }
}
