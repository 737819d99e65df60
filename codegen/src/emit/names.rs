//! Names of messages inside a generated file: imported where that is safe, whole paths where it isn't.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;

use super::layout::Place;
use super::source::tokens;
use super::{Context, WELL_KNOWN};
use crate::schema::model::{Package, Type};

/// Names that generated code uses for something else. A message called like one of them is written as a path.
const TAKEN: &[&str] = &[
    "A",
    "Answer",
    "Arc",
    "AsRef",
    "Box",
    "BoxFuture",
    "Bucket",
    "BucketSpec",
    "Call",
    "Calls",
    "Clone",
    "Code",
    "Connection",
    "ConsumeSpec",
    "Context",
    "Copy",
    "Debug",
    "Declared",
    "Default",
    "Delivery",
    "Drop",
    "DuplexCall",
    "Duration",
    "Earlier",
    "Eq",
    "Err",
    "Event",
    "EventSpec",
    "F",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "Future",
    "Idempotency",
    "Inbound",
    "Incoming",
    "Into",
    "IntoService",
    "Iterator",
    "Kind",
    "Message",
    "Method",
    "MethodSpec",
    "Migrations",
    "Mock",
    "Name",
    "None",
    "Ok",
    "Opening",
    "Option",
    "Outbound",
    "Published",
    "Result",
    "SPEC",
    "STREAMS",
    "Self",
    "Send",
    "Service",
    "ServiceSpec",
    "Sized",
    "Some",
    "SourceSpec",
    "Status",
    "Storage",
    "Store",
    "StreamCall",
    "StreamSpec",
    "String",
    "Subject",
    "SubjectBuilder",
    "Sync",
    "ToOwned",
    "ToString",
    "Unpin",
    "UploadCall",
    "Vec",
    "Versions",
];

/// Messages that one file names.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    context: &'a Context<'a>,
    place: &'a Place,
    package: String,
    /// Short names in use, with the whole path that each stands for.
    short: BTreeMap<String, String>,
    /// Imports to write: module and names.
    imports: BTreeMap<String, BTreeSet<String>>,
}

impl<'a> Names<'a> {
    /// Prepares names for a file of a package; `own` are names that the file declares or imports itself.
    pub(crate) fn new(context: &'a Context<'a>, package: &Package, own: &[&str]) -> Self {
        let taken = TAKEN.iter().chain(own).map(|&name| (name.to_owned(), String::new())).collect();
        Self {
            context,
            place: context.place(&package.name),
            package: package.name.clone(),
            short: taken,
            imports: BTreeMap::new(),
        }
    }

    /// Writes a message's type, and imports it if its name is free.
    pub(crate) fn message(&mut self, message: &Type) -> TokenStream {
        let path = self.path(message);
        let Some((module, name)) = path.rsplit_once("::").filter(|_| importable(message)) else {
            return self.behind_module(message, &path);
        };
        let holder = self.short.entry(name.to_owned()).or_insert_with(|| path.clone());
        if *holder != path {
            return self.behind_module(message, &path);
        }
        self.imports.entry(module.to_owned()).or_default().insert(name.to_owned());
        tokens(name)
    }

    /// Writes a message of this package behind the module of its messages, and any other by its whole path.
    fn behind_module(&mut self, message: &Type, path: &str) -> TokenStream {
        let own = format!("{}::", self.place.inner);
        match path.strip_prefix(&own) {
            Some(short) if message.package == self.package => {
                self.imports
                    .entry(self.place.inner.clone())
                    .or_default()
                    .insert("messages".to_owned());
                tokens(short)
            }
            _ => tokens(path),
        }
    }

    /// Writes a message's whole path.
    pub(crate) fn path(&self, message: &Type) -> String {
        self.context.message_path(message, self.place)
    }

    /// Hands over the imports.
    pub(crate) fn imports(self) -> BTreeMap<String, BTreeSet<String>> {
        self.imports
    }
}

/// A nested message reads better with its parent's module, and a well-known type with its crate.
fn importable(message: &Type) -> bool {
    message.path.len() == 1 && message.package != WELL_KNOWN
}

#[cfg(test)]
mod tests;
