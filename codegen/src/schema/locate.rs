//! Where things are in a file, from the paths that descriptors use.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use prost_reflect::prost_types::FileDescriptorProto;
use prost_reflect::prost_types::source_code_info::Location;

/// What begins a line that only linters read.
pub(crate) const IGNORE: &str = "buf:lint:ignore";

/// Locations of one file by path.
#[derive(Debug, Clone)]
pub(crate) struct Locations {
    by_path: HashMap<Vec<i32>, Location>,
    lines: Vec<usize>,
    text: Arc<str>,
}

impl Locations {
    /// Indexes the locations of a file.
    pub(crate) fn new(file: &FileDescriptorProto, text: &Arc<str>) -> Self {
        let list = file.source_code_info.iter().flat_map(|info| &info.location);
        let mut by_path = HashMap::new();
        for location in list {
            // Of several places with one path, such as several `extend` blocks, the first counts.
            by_path.entry(location.path.clone()).or_insert_with(|| location.clone());
        }
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        Self { by_path, lines, text: Arc::clone(text) }
    }

    /// Bytes of the thing at a path.
    pub(crate) fn span(&self, path: &[i32]) -> Option<Range<usize>> {
        let location = self.by_path.get(path)?;
        let at =
            |index: usize| location.span.get(index).and_then(|&value| usize::try_from(value).ok());
        let start = self.offset(at(0)?, at(1)?)?;
        let end = match location.span.len() {
            3 => self.offset(at(0)?, at(2)?)?,
            _ => self.offset(at(2)?, at(3)?)?,
        };
        Some(start..end.max(start))
    }

    /// Paths of everything that fills exactly these bytes.
    pub(crate) fn paths(&self, span: &Range<usize>) -> Vec<Vec<i32>> {
        let mut paths: Vec<_> = self.by_path.keys().cloned().collect();
        paths.retain(|path| self.span(path).as_ref() == Some(span));
        paths
    }

    /// The comment before the thing at a path, without the blank that follows each `//` and without what is said to
    /// linters.
    pub(crate) fn docs(&self, path: &[i32]) -> String {
        let comment = self.by_path.get(path).and_then(|it| it.leading_comments.as_deref());
        let lines = comment.unwrap_or_default().lines();
        let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end());
        let lines = lines.filter(|line| !line.trim_start().starts_with(IGNORE));
        lines.collect::<Vec<_>>().join("\n").trim_matches('\n').to_owned()
    }

    /// Text of the file.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The same, for who keeps it.
    pub(crate) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    fn offset(&self, line: usize, column: usize) -> Option<usize> {
        Some((self.lines.get(line)? + column).min(self.text.len()))
    }
}
