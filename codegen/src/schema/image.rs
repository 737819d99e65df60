//! Schemas that compile, annotated or not: what is compared and linted. No rule of ours has judged them.

mod alias;
mod entry;
mod name;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::OnceLock;

pub use prost_reflect::prost_types as descriptor;

use prost_reflect::{DescriptorPool, ExtensionDescriptor, FileDescriptor};
use unicode_width::UnicodeWidthChar as _;

use self::descriptor::FileDescriptorProto;

use super::build::build;
use super::compile::{Compiled, Sources, compile};
use super::guard::guarded;
use super::model::Model;
use super::option;
use super::survey::Survey;
use crate::check::config::covers;
use crate::check::violation::Span;
use crate::diagnostic::{Finding, Findings, Place};
use crate::input::Input;

/// Names bytes that are no descriptor set.
const READABLE: &str = "FILE_READABLE";

/// Every file of a folder, of a map of texts or of a descriptor set, and everything that they import.
#[derive(Debug)]
pub struct Image {
    pool: DescriptorPool,
    sources: Sources,
    places: BTreeMap<String, OnceLock<Places>>,
}

/// Spans of one file by path, as its descriptor has them.
type Places = HashMap<Vec<i32>, Span>;

impl Image {
    /// Compiles every `.proto` file below a folder.
    pub fn read(root: &Path) -> Result<Self, Findings> {
        Self::of_texts(super::read(root)?)
    }

    /// Does the same without some files and folders, which then are nobody's imports either.
    pub fn read_without(root: &Path, excludes: &[String]) -> Result<Self, Findings> {
        let mut files = super::read(root)?;
        files.retain(|name, _| !excludes.iter().any(|path| covers(path, name)));
        Self::of_texts(files)
    }

    /// Compiles files in memory, by their names relative to the root.
    pub fn of_texts(files: BTreeMap<String, String>) -> Result<Self, Findings> {
        let Compiled { pool, sources, mut findings, .. } = compile(files);
        let own = pool.file_descriptor_protos().filter(|file| sources.is_own(file.name()));
        for file in own {
            findings.extend(alias::refuse(file, &sources.text(file.name())));
        }
        if findings.is_empty() {
            return Ok(Self::new(pool, sources));
        }
        Err(Findings::new(findings, sources.into_texts()))
    }

    /// Reads an encoded `google.protobuf.FileDescriptorSet`, which has to hold everything that its files import.
    pub fn of_descriptor_set(bytes: &[u8]) -> Result<Self, Findings> {
        let refuse = |reason: String| {
            let message = format!("this is no descriptor set: {reason}");
            let finding = Finding::new(READABLE, message, Place::file("."));
            let finding =
                finding.help("write it with `buf build -o` or `protoc --include_imports`");
            Findings::new(vec![finding], BTreeMap::new())
        };
        let pool = guarded(|| DescriptorPool::decode(bytes))
            .ok_or_else(|| refuse("what it says can't be".to_owned()))?
            .map_err(|error| refuse(error.to_string()))?;
        name::check(&pool).and_then(|()| entry::check(&pool)).map_err(refuse)?;
        let names = pool.files().map(|file| file.name().to_owned()).collect();
        Ok(Self::new(pool, Sources::without_text(names)))
    }

    fn new(pool: DescriptorPool, sources: Sources) -> Self {
        let places = pool.files().map(|file| (file.name().to_owned(), OnceLock::new())).collect();
        Self { pool, sources, places }
    }

    /// Every descriptor, options included.
    #[must_use]
    pub fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// Every file, imported ones included, each after what it imports.
    pub fn files(&self) -> impl Iterator<Item = &FileDescriptorProto> {
        self.pool.file_descriptor_protos()
    }

    /// The files that were given, without those that are only imported.
    pub fn own_files(&self) -> impl Iterator<Item = &FileDescriptorProto> {
        self.files().filter(|file| self.is_own(file.name()))
    }

    /// Tells whether a file was given, and not only imported.
    #[must_use]
    pub fn is_own(&self, file: &str) -> bool {
        self.sources.is_own(file)
    }

    /// The text of a file, if it is known.
    #[must_use]
    pub fn text(&self, file: &str) -> Option<&str> {
        self.sources.known(file)
    }

    /// What the annotations mean, empty where there are none.
    pub(crate) fn model(&self) -> Model {
        let input = self.input();
        if self.files().all(|file| file.package() != input.options_package) {
            return Model::default();
        }
        let survey = Survey::new(&input, &self.pool, &self.sources, true);
        build(&input, &survey)
    }

    /// How annotations are read. A workspace may have options of its own package: those are what its files declare as such.
    pub(crate) fn input(&self) -> Input {
        let input = Input::new("");
        let options = self.pool.all_extensions().filter(option::is_of_services);
        let rank = |it: &ExtensionDescriptor| {
            (self.is_own(it.parent_file().name()), it.package_name() == input.options_package)
        };
        match options.max_by_key(rank) {
            Some(found) => input.options_package(found.package_name()),
            None => input,
        }
    }

    /// Texts and names, for what reads annotations.
    pub(crate) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Where the thing at a path of a file's descriptor is. Of several, such as `extend` blocks, the first counts.
    #[must_use]
    pub fn span(&self, file: &str, path: &[i32]) -> Option<Span> {
        let places = self.places.get(file)?.get_or_init(|| {
            let found = self.pool.get_file_by_name(file);
            let found = found.as_ref().map(FileDescriptor::file_descriptor_proto);
            found.map_or_else(Places::new, |found| places(found, self.text(file)))
        });
        places.get(path).copied()
    }
}

fn places(file: &FileDescriptorProto, text: Option<&str>) -> Places {
    let lines: Vec<&str> = text.unwrap_or_default().lines().collect();
    let mut places = Places::new();
    for location in file.source_code_info.iter().flat_map(|info| &info.location) {
        let Some(span) = span(&location.span, &lines) else { continue };
        places.entry(location.path.clone()).or_insert(span);
    }
    places
}

/// From three or four numbers counted from 0 to lines and columns counted from 1.
fn span(numbers: &[i32], lines: &[&str]) -> Option<Span> {
    let at = |index: usize| usize::try_from(*numbers.get(index)?).ok();
    let (start, end) = if numbers.len() == 3 { (at(0)?, at(0)?) } else { (at(0)?, at(2)?) };
    let count = |number: usize| u32::try_from(number).ok()?.checked_add(1);
    let column = |line: usize, byte: usize| count(column(lines.get(line).copied(), byte));
    Some(Span {
        start_line: count(start)?,
        start_column: column(start, at(1)?)?,
        end_line: count(end)?,
        end_column: column(end, at(numbers.len() - 1)?)?,
    })
}

/// Places between tab stops.
const TAB: usize = 4;

/// The column of a byte as a terminal shows it, which is how buf counts: tabs reach to the next stop, wide characters
/// fill two places.
fn column(line: Option<&str>, byte: usize) -> usize {
    let before = line.and_then(|line| line.get(..byte)).unwrap_or_default();
    if before.bytes().all(|byte| byte.is_ascii() && byte != b'\t') {
        return byte;
    }
    before.chars().fold(0, |column, char| match char {
        '\t' => (column / TAB + 1) * TAB,
        char => column + char.width().unwrap_or_default(),
    })
}
