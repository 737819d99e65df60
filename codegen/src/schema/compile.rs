//! Parses files one by one and links them in the order of their imports. Nothing stops at the first mistake: what
//! doesn't link is taken out of its file so that the rest can be judged, and a file that can't be parsed takes only
//! those with it that import it.

mod convert;
mod edition;
mod pool;
mod repair;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::Arc;
use std::thread;

pub(in crate::schema) use repair::STAND_IN;

use prost_reflect::prost_types::FileDescriptorProto;
use prost_reflect::{DescriptorError, DescriptorPool};
use protox::file::{File, FileResolver as _, GoogleFileResolver};

use super::carried::carried;
use super::guard::guarded;
use super::locate::Locations;
use crate::diagnostic::{Finding, Place};

/// Rule of a file that is imported but isn't there.
const IMPORT_FOUND: &str = "IMPORT_FOUND";
/// Rule of files that import each other.
const IMPORT_ACYCLIC: &str = "IMPORT_ACYCLIC";
/// Rule of a file that is imported twice.
const IMPORT_ONCE: &str = "IMPORT_ONCE";

/// Attempts to link one file: names, then options, each once or twice.
const REPAIRS_MAX: usize = 8;

/// Files that were read, linked as far as they can be.
pub(super) struct Compiled {
    /// Every file that links.
    pub(super) pool: DescriptorPool,
    /// Text of every file.
    pub(super) sources: Sources,
    /// What is wrong so far.
    pub(super) findings: Vec<Finding>,
    /// Whether every file is in the pool, whole.
    pub(super) complete: bool,
    /// Names of elements that lost something: what seems to be missing there is not.
    pub(super) lost: Vec<Place>,
}

/// Text of every file by name; files of the workspace apart from those that are only imported.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    texts: BTreeMap<String, Arc<str>>,
    own: BTreeSet<String>,
}

impl Sources {
    /// The text of a file; empty for one that has none.
    pub(super) fn text(&self, name: &str) -> Arc<str> {
        self.texts.get(name).cloned().unwrap_or_default()
    }

    /// Names of files whose text nobody has.
    pub(super) fn without_text(own: BTreeSet<String>) -> Self {
        Self { texts: BTreeMap::new(), own }
    }

    /// The text of a file, if there is one.
    pub(super) fn known(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(|text| &**text)
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
    let mut linker = Linker { complete: true, ..Linker::default() };
    linker.sources.own = files.keys().cloned().collect();
    linker.sources.texts =
        files.into_iter().map(|(name, text)| (name, Arc::from(text.as_str()))).collect();
    linker.parsed = parse_all(&linker.sources.texts);
    for name in linker.sources.own.clone() {
        linker.visit(&name, &mut Vec::new());
    }
    let Linker { pool, sources, findings, complete, lost, .. } = linker;
    Compiled { pool, sources, findings, complete, lost }
}

#[derive(Default)]
struct Linker {
    pool: DescriptorPool,
    sources: Sources,
    /// Files of the workspace that nobody has linked yet.
    parsed: BTreeMap<String, Parsed>,
    findings: Vec<Finding>,
    /// Files that were visited, and whether they link.
    visited: BTreeMap<String, bool>,
    complete: bool,
    lost: Vec<Place>,
}

impl Linker {
    /// Links a file after everything that it imports; tells whether that worked.
    fn visit(&mut self, name: &str, stack: &mut Vec<String>) -> bool {
        if let Some(&linked) = self.visited.get(name) {
            return linked;
        }
        let linked = self.link(name, stack);
        self.visited.insert(name.to_owned(), linked);
        self.complete &= linked;
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
                match self.parsed.remove(name).unwrap_or_else(|| parse(name, &text)) {
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
        let missing = self.imports(&descriptor, stack);
        stack.pop();
        self.add(descriptor, &missing)
    }

    /// Links everything that a file imports; answers with the imports that don't link.
    fn imports(&mut self, file: &FileDescriptorProto, stack: &mut Vec<String>) -> Vec<String> {
        let mut missing = Vec::new();
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
                if !self.visit(import, stack) {
                    missing.push(import.clone());
                }
                continue;
            };
            if finding.rule == IMPORT_ONCE {
                self.complete = false;
            } else {
                missing.push(import.clone());
            }
            self.findings.push(finding);
        }
        missing
    }

    /// Adds a file to the pool, without whatever doesn't link.
    fn add(&mut self, mut file: FileDescriptorProto, missing: &[String]) -> bool {
        let name = file.name().to_owned();
        self.complete &= missing.is_empty();
        repair::drop_imports(&mut file, missing);
        match pool::add(&mut self.pool, file) {
            Ok(()) => true,
            Err(error) => self.mend(&name, missing, error),
        }
    }

    /// Adds a file that doesn't link as it is. It is read again: a copy of each file for the few that are mended would
    /// cost all of them.
    fn mend(&mut self, name: &str, missing: &[String], mut error: Option<DescriptorError>) -> bool {
        self.complete = false;
        let text = self.sources.text(name);
        let Ok(mut file) = parse(name, &text) else { return false };
        repair::drop_imports(&mut file, missing);
        for _ in 1..REPAIRS_MAX {
            let Some(shown) = error.map(|error| error.with_source_code(&text)) else {
                self.findings.push(gave_up("NAME_RESOLVES", "linker", name));
                return false;
            };
            let found = convert::findings("NAME_RESOLVES", name, &text, &shown);
            let locations = Locations::new(&file, &text);
            let mut paths: Vec<_> = convert::spans(&text, &shown)
                .iter()
                .filter_map(|span| locations.paths(span).into_iter().max())
                .collect();
            // The last first: taking an option out moves those after it.
            paths.sort_unstable_by(|a, b| b.cmp(a));
            let mut repaired = false;
            for path in paths {
                let Some(element) = repair::repair(&mut file, &path) else { continue };
                repaired = true;
                let mut at = element;
                at.push(1);
                let span = locations.span(&at).unwrap_or(0..0);
                self.lost.push(Place { file: name.to_owned(), span });
            }
            // What is in a file that is missing can't be found, and that is no mistake of its own.
            let follows = |it: &Finding| !missing.is_empty() && it.message.contains("not defined");
            let known = |it: &Finding| self.findings.contains(it);
            let found: Vec<_> = found.into_iter().filter(|it| !follows(it) && !known(it)).collect();
            self.findings.extend(found);
            if !repaired {
                return false;
            }
            match pool::add(&mut self.pool, file.clone()) {
                Ok(()) => return true,
                Err(next) => error = next,
            }
        }
        false
    }

    fn exists(&self, name: &str) -> bool {
        self.visited.contains_key(name)
            || self.sources.texts.contains_key(name)
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

/// What the parser makes of a file.
type Parsed = Result<FileDescriptorProto, Vec<Finding>>;

/// Parses files, some on each processor: they know nothing of each other before they are linked.
fn parse_all(texts: &BTreeMap<String, Arc<str>>) -> BTreeMap<String, Parsed> {
    let texts: Vec<_> = texts.iter().collect();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let parse = |part: &[(&String, &Arc<str>)]| -> Vec<(String, Parsed)> {
            part.iter().map(|(name, text)| ((*name).clone(), parse(name, text))).collect()
        };
        let parts = texts.chunks(texts.len().div_ceil(threads).max(1));
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || parse(part))).collect();
        // What a thread could not finish is parsed when its turn comes.
        parts.into_iter().filter_map(|part| part.join().ok()).flatten().collect()
    })
}

fn parse(name: &str, text: &str) -> Parsed {
    if let Some(finding) = edition::refuse(name, text) {
        return Err(vec![finding]);
    }
    match guarded(|| File::from_source(name, text)) {
        Some(Ok(file)) => Ok(file.into()),
        Some(Err(error)) => Err(convert::findings("SYNTAX", name, text, &error)),
        None => Err(vec![gave_up("SYNTAX", "parser", name)]),
    }
}

/// Says that foreign code panicked on a file.
fn gave_up(rule: &'static str, who: &str, name: &str) -> Finding {
    let finding = Finding::new(rule, format!("the {who} gave up on this file"), Place::file(name));
    finding.help("check that `buf build` accepts it")
}

fn well_known(name: &str) -> Option<FileDescriptorProto> {
    GoogleFileResolver::new().open_file(name).ok().map(Into::into)
}
