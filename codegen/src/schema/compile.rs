//! Parses files one by one and links them in the order of their imports. Nothing stops at the first mistake: a file
//! that can't be read right takes only those with it that import it.

mod convert;
mod edition;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use prost_reflect::DescriptorPool;
use prost_reflect::prost_types::FileDescriptorProto;
use protox::file::{File, FileResolver as _, GoogleFileResolver};

use super::carried::carried;
use super::locate::Locations;
use crate::diagnostic::{Finding, Place};

/// Rule of a file that is imported but isn't there.
const IMPORT_FOUND: &str = "IMPORT_FOUND";
/// Rule of files that import each other.
const IMPORT_ACYCLIC: &str = "IMPORT_ACYCLIC";
/// Rule of a file that is imported twice.
const IMPORT_ONCE: &str = "IMPORT_ONCE";

/// Files that were read, linked as far as they can be.
pub(super) struct Compiled {
    /// Every file that links.
    pub(super) pool: DescriptorPool,
    /// Text of every file.
    pub(super) sources: Sources,
    /// What is wrong so far.
    pub(super) findings: Vec<Finding>,
    /// Files of the workspace that are missing from the pool.
    pub(super) broken: BTreeSet<String>,
}

/// Text of every file by name; files of the workspace apart from those that are only imported.
#[derive(Debug, Default)]
pub(super) struct Sources {
    texts: BTreeMap<String, Arc<str>>,
    own: BTreeSet<String>,
}

impl Sources {
    /// The text of a file; empty for one that has none.
    pub(super) fn text(&self, name: &str) -> Arc<str> {
        self.texts.get(name).cloned().unwrap_or_default()
    }

    /// Tells whether a file belongs to the workspace.
    pub(super) fn is_own(&self, name: &str) -> bool {
        self.own.contains(name)
    }

    /// Hands over the texts.
    pub(super) fn into_texts(self) -> BTreeMap<String, Arc<str>> {
        self.texts
    }
}

/// Compiles the files of a workspace, in the order of their names.
pub(super) fn compile(files: BTreeMap<String, String>) -> Compiled {
    let mut linker = Linker::default();
    linker.sources.own = files.keys().cloned().collect();
    linker.sources.texts =
        files.into_iter().map(|(name, text)| (name, Arc::from(text.as_str()))).collect();
    for name in linker.sources.own.clone() {
        linker.visit(&name, &mut Vec::new());
    }
    let Linker { pool, sources, findings, broken, .. } = linker;
    Compiled { pool, sources, findings, broken }
}

#[derive(Default)]
struct Linker {
    pool: DescriptorPool,
    sources: Sources,
    findings: Vec<Finding>,
    /// Files that were visited, and whether they link.
    visited: BTreeMap<String, bool>,
    broken: BTreeSet<String>,
}

impl Linker {
    /// Links a file after everything that it imports; tells whether that worked.
    fn visit(&mut self, name: &str, stack: &mut Vec<String>) -> bool {
        if let Some(&linked) = self.visited.get(name) {
            return linked;
        }
        let linked = self.link(name, stack);
        self.visited.insert(name.to_owned(), linked);
        if !linked {
            self.broken.insert(name.to_owned());
        }
        linked
    }

    fn link(&mut self, name: &str, stack: &mut Vec<String>) -> bool {
        let text = match self.sources.texts.get(name) {
            Some(text) => Some(Arc::clone(text)),
            None => carried(name).map(Arc::from),
        };
        let descriptor = match text {
            Some(text) => {
                self.sources.texts.insert(name.to_owned(), Arc::clone(&text));
                match parse(name, &text) {
                    Ok(descriptor) => descriptor,
                    Err(findings) => {
                        self.findings.extend(findings);
                        return false;
                    }
                }
            }
            None => well_known(name).expect("an import is looked up before it is visited"),
        };
        stack.push(name.to_owned());
        let imported = self.imports(&descriptor, stack);
        stack.pop();
        imported && self.add(descriptor)
    }

    fn imports(&mut self, file: &FileDescriptorProto, stack: &mut Vec<String>) -> bool {
        let mut all = true;
        let mut seen = BTreeSet::new();
        for (index, import) in (0..).zip(&file.dependency) {
            let place = || self.import_place(file, index);
            let finding = if !seen.insert(import) {
                Finding::new(IMPORT_ONCE, format!("`{import}` is imported twice"), place())
                    .help("delete this line")
            } else if let Some(first) = stack.iter().position(|open| open == import) {
                let cycle: Vec<_> = stack[first..].iter().chain([import]).cloned().collect();
                Finding::new(IMPORT_ACYCLIC, "these files import each other", place())
                    .label("closes the circle")
                    .help(format!("move what both need into a third file: {}", cycle.join(" -> ")))
            } else if !self.exists(import) {
                Finding::new(IMPORT_FOUND, format!("`{import}` is not there"), place())
                    .label("imported here")
                    .help(self.near(import))
            } else {
                all &= self.visit(import, stack);
                continue;
            };
            self.findings.push(finding);
            all = false;
        }
        all
    }

    fn add(&mut self, descriptor: FileDescriptorProto) -> bool {
        let name = descriptor.name().to_owned();
        let Err(error) = self.pool.add_file_descriptor_proto(descriptor) else { return true };
        let text = self.sources.text(&name);
        let error = error.with_source_code(&text);
        self.findings.extend(convert::findings("NAME_RESOLVES", &name, &text, &error));
        false
    }

    fn exists(&self, name: &str) -> bool {
        self.sources.texts.contains_key(name)
            || carried(name).is_some()
            || well_known(name).is_some()
    }

    /// Advice for an import that is missing: a file of that name in another folder, if there is one.
    fn near(&self, import: &str) -> String {
        let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        match self.sources.own.iter().find(|name| base(name) == base(import)) {
            Some(name) => format!("imports are relative to the root; did you mean `{name}`?"),
            None => "imports are relative to the root of the schemas".to_owned(),
        }
    }

    fn import_place(&self, file: &FileDescriptorProto, index: i32) -> Place {
        let text = self.sources.text(file.name());
        let span = Locations::new(file, &text).span(&[3, index]).unwrap_or(0..0);
        Place { file: file.name().to_owned(), span }
    }
}

fn parse(name: &str, text: &str) -> Result<FileDescriptorProto, Vec<Finding>> {
    if let Some(finding) = edition::refuse(name, text) {
        return Err(vec![finding]);
    }
    // The parser is foreign code that reads text by hand: a mistake of its own must not end the run.
    let parsed = std::panic::catch_unwind(|| File::from_source(name, text));
    match parsed {
        Ok(Ok(file)) => Ok(file.into()),
        Ok(Err(error)) => Err(convert::findings("SYNTAX", name, text, &error)),
        Err(_) => {
            let message = "the parser gave up on this file";
            let finding = Finding::new("SYNTAX", message, Place::file(name));
            Err(vec![finding.help("check that `buf build` accepts it")])
        }
    }
}

fn well_known(name: &str) -> Option<FileDescriptorProto> {
    GoogleFileResolver::new().open_file(name).ok().map(Into::into)
}
