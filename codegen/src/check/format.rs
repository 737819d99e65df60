//! Violations as people and machines read them. One format a file; but for the text for people they are buf's, to the byte.

mod github_actions;
mod gitlab_code_quality;
mod json;
mod junit;
mod msvs;
mod text;

use super::violation::{Span, Violation};

/// Stands for the path where nothing remains to point at.
const NO_FILE: &str = "<input>";

/// A way to print violations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Source lines with carets, who is hurt and the fix.
    Text,
    /// One object a line.
    Json,
    /// Commands that GitHub turns into annotations.
    GithubActions,
    /// The XML that most build servers read.
    Junit,
    /// What Visual Studio makes clickable.
    Msvs,
    /// GitLab's code-quality report.
    GitlabCodeQuality,
}

/// Every format by the name that people type.
pub const FORMATS: &[(&str, Format)] = &[
    ("text", Format::Text),
    ("json", Format::Json),
    ("github-actions", Format::GithubActions),
    ("junit", Format::Junit),
    ("msvs", Format::Msvs),
    ("gitlab-code-quality", Format::GitlabCodeQuality),
];

/// What a format needs to know beside the violations.
pub struct Source<'a> {
    /// Folder of the schemas as it was typed, empty for the current one: what paths are printed below.
    pub folder: &'a str,
    /// The text of a file, by its name relative to the root.
    pub text: &'a dyn Fn(&str) -> Option<String>,
}

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Prints violations, which are sorted. Nothing comes of none, but an empty report where a format has one.
#[must_use]
pub fn render(format: Format, violations: &[Violation], source: &Source<'_>) -> String {
    let lines: Vec<Line<'_>> = violations.iter().map(|it| Line::new(it, source)).collect();
    match format {
        Format::Text => text::render(&lines, source),
        Format::Json => json::render(&lines),
        Format::GithubActions => github_actions::render(&lines),
        Format::Junit => junit::render(&lines),
        Format::Msvs => msvs::render(&lines),
        Format::GitlabCodeQuality => gitlab_code_quality::render(&lines),
    }
}

/// A violation and where it is printed.
struct Line<'a> {
    violation: &'a Violation,
    /// Path as it is printed, if there is a file.
    path: Option<String>,
    place: Span,
}

impl<'a> Line<'a> {
    fn new(violation: &'a Violation, source: &Source<'_>) -> Self {
        let folder = source.folder.trim_start_matches("./").trim_end_matches('/');
        let path = violation.file.as_ref().map(|file| match folder {
            "" | "." => file.clone(),
            folder => format!("{folder}/{file}"),
        });
        Self { violation, path, place: violation.place() }
    }

    /// Path, or what stands for it.
    fn shown(&self) -> &str {
        self.path.as_deref().unwrap_or(NO_FILE)
    }

    /// `path:line:column:message`.
    fn short(&self) -> String {
        let Span { start_line, start_column, .. } = self.place;
        format!("{}:{start_line}:{start_column}:{}", self.shown(), self.violation.message)
    }
}

#[cfg(test)]
mod tests;
