//! Model to files: pure, the same bytes on every machine. What no rule can judge is refused here: types whose code is
//! nowhere, which depends on settings, and what prost makes nothing of.
//!
//! An emitter is one file and one line of [`EMITTERS`].

use std::collections::BTreeSet;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use prost_reflect::prost_types::FileDescriptorSet;

mod cache;
mod client;
mod deprecation;
mod descriptors;
mod docs;
mod error;
mod event_subject;
mod events;
mod files;
mod format;
mod layout;
mod manifest;
mod messages;
mod method_table;
mod methods;
mod mock;
mod modules;
mod names;
mod policy;
mod sealed;
mod server;
mod service;
mod settings;
mod source;
mod spec;
mod steps;
mod store;
mod streams;
mod subject;
mod unplaced;

pub use files::{Files, MARKER};
pub use settings::{Layout, Settings};

use crate::Schema;
use crate::diagnostic::{Finding, Findings};
use crate::schema::model::{Model, Package, Service, Type};
use layout::{Place, Places};

/// Everything that is generated. Order means nothing: no two emitters write one path.
const EMITTERS: &[Emitter] = &[
    Emitter::Library(messages::emit),
    Emitter::Service(service::emit),
    Emitter::Service(error::emit),
    Emitter::Service(client::emit),
    Emitter::Service(server::emit),
    Emitter::Service(mock::emit),
    Emitter::Service(spec::emit),
    Emitter::Service(steps::emit),
    Emitter::Service(store::emit),
    Emitter::Service(subject::emit),
    Emitter::Package(events::emit),
    Emitter::Package(event_subject::emit),
    Emitter::Package(streams::emit),
    Emitter::Package(sealed::emit),
    Emitter::Workspace(modules::emit),
    Emitter::Workspace(manifest::emit),
    Emitter::Workspace(descriptors::emit),
];

/// What writes one kind of file, once for each thing of its scope.
enum Emitter {
    Workspace(fn(&Context<'_>, &mut Files)),
    Package(fn(&Context<'_>, &Package, &mut Files)),
    Service(fn(&Context<'_>, &Package, &Service, &mut Files)),
    /// Once for each package, by a library with an opinion of its own.
    Library(fn(&Context<'_>, &Package, &mut Files, &mut Vec<Finding>)),
}

/// Generates every file of a schema.
///
/// # Errors
/// When a schema asks for a type of a package that is neither generated nor in [`Settings::externs`], each place with its
/// own finding; when prost refuses a schema that every rule lets pass, or writes what is no Rust: a rule is missing.
///
/// # Panics
/// On a bug of the generator: a schema that was loaded is free of mistakes.
pub fn emit(schema: &Schema, settings: &Settings) -> Result<Files, Findings> {
    let context = Context::new(schema, settings);
    let unplaced = unplaced::findings(&context);
    if !unplaced.is_empty() {
        return Err(Findings::new(unplaced, schema.survey.texts()));
    }
    let packages: Vec<_> = context.packages().collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut files, mut refused) = (Files::default(), Vec::new());
        while let Some(package) = packages.get(next.fetch_add(1, Ordering::Relaxed)) {
            for emitter in EMITTERS {
                emitter.package(&context, package, &mut files, &mut refused);
            }
        }
        (files, refused)
    };
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, NonZero::get).min(packages.len());
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let (mut files, mut refused) = (Files::default(), Vec::new());
        for emitter in EMITTERS {
            emitter.workspace(&context, &mut files);
        }
        for thread in threads {
            let (more, findings) = thread.join().unwrap_or_else(|panic| resume_unwind(panic));
            files.take(more);
            refused.extend(findings);
        }
        if refused.is_empty() {
            Ok(files)
        } else {
            Err(Findings::new(refused, schema.survey.texts()))
        }
    })
}

impl Emitter {
    /// Writes what there is one of.
    fn workspace(&self, context: &Context<'_>, files: &mut Files) {
        match self {
            Self::Workspace(emit) => emit(context, files),
            Self::Package(_) | Self::Service(_) | Self::Library(_) => {}
        }
    }

    /// Writes what there is one of for a package, or for each of its services.
    fn package(
        &self,
        context: &Context<'_>,
        package: &Package,
        files: &mut Files,
        refused: &mut Vec<Finding>,
    ) {
        match self {
            Self::Workspace(_) => {}
            Self::Package(emit) => emit(context, package, files),
            Self::Service(emit) => {
                package.services.iter().for_each(|service| emit(context, package, service, files));
            }
            Self::Library(emit) => emit(context, package, files, refused),
        }
    }
}

/// What every emitter reads.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    schema: &'a Schema,
    model: &'a Model,
    settings: &'a Settings,
    places: Places,
    /// Descriptors for prost, without options of our own.
    descriptors: FileDescriptorSet,
    /// For each of them, those whose messages it holds.
    holds: Vec<BTreeSet<usize>>,
    /// Packages in which something is deprecated.
    deprecated: BTreeSet<String>,
}

impl<'a> Context<'a> {
    fn new(schema: &'a Schema, settings: &'a Settings) -> Self {
        let model = &schema.model;
        let descriptors = schema.descriptor_set();
        let deprecated = deprecation::packages(&descriptors);
        let holds = messages::holds::of(&descriptors);
        Self {
            schema,
            model,
            settings,
            places: Places::new(model, settings),
            descriptors,
            holds,
            deprecated,
        }
    }

    /// Packages to generate, sorted.
    fn packages(&self) -> impl Iterator<Item = &'a Package> {
        self.model
            .packages
            .iter()
            .filter(|package| !self.settings.externs.contains_key(&package.name))
    }

    /// Where a package lives.
    fn place(&self, package: &str) -> &Place {
        match self.places.get(package) {
            Some(place) => place,
            None => panic!("package {package} is in no model"),
        }
    }

    /// Whether a package has a place, here or elsewhere.
    fn knows(&self, package: &str) -> bool {
        self.elsewhere(package).is_some() || self.places.get(package).is_some()
    }

    /// Path of a package whose code is somewhere else.
    fn elsewhere(&self, package: &str) -> Option<&str> {
        let path = self.settings.externs.get(package).map(String::as_str);
        path.or_else(|| (package == WELL_KNOWN).then_some(PROST_TYPES))
    }

    /// Path of a message as code at a place names it.
    fn message_path(&self, message: &Type, from: &Place) -> String {
        if let Some(native) = well_known(&message.full_name) {
            return native.to_owned();
        }
        let module = match self.elsewhere(&message.package) {
            Some(path) => path.to_owned(),
            None => format!("{}::messages", self.place(&message.package).path_from(from)),
        };
        format!("{module}::{}", message.path.join("::"))
    }

    /// Path of the runtime in code that other crates expand.
    fn runtime_path(&self) -> String {
        match self.settings.runtime.as_str() {
            path if path.starts_with("::") || path.starts_with("crate") => path.to_owned(),
            path => format!("::{path}"),
        }
    }

    /// Path of a module of the runtime, for imports.
    fn runtime(&self, module: &str) -> String {
        let root = self.settings.runtime.trim_start_matches("::");
        if module.is_empty() { root.to_owned() } else { format!("{root}::{module}") }
    }
}

/// Package of types that prost knows, and where they are unless a setting says otherwise.
const WELL_KNOWN: &str = "google.protobuf";
const PROST_TYPES: &str = "::prost_types";

/// Well-known types that prost writes as types of Rust.
fn well_known(full_name: &str) -> Option<&'static str> {
    Some(match full_name.strip_prefix(WELL_KNOWN)?.strip_prefix('.')? {
        "Empty" => "()",
        "BoolValue" => "bool",
        "BytesValue" => "::prost::alloc::vec::Vec<u8>",
        "DoubleValue" => "f64",
        "FloatValue" => "f32",
        "Int32Value" => "i32",
        "Int64Value" => "i64",
        "StringValue" => "::prost::alloc::string::String",
        "UInt32Value" => "u32",
        "UInt64Value" => "u64",
        _ => return None,
    })
}
