//! Collects what a rule finds, and drops what is to be ignored.

use super::annotated::Annotated;
use super::nodes::{File, tag};
use super::{Rule, ignore};
use crate::check::config::Lint;
use crate::check::violation::Violation;
use crate::schema::survey::Element;

/// What one rule found.
pub(super) struct Report<'a> {
    rule: &'static Rule,
    pub(super) config: &'a Lint,
    found: Vec<Violation>,
    fix: String,
}

impl<'a> Report<'a> {
    pub(super) fn new(rule: &'static Rule, config: &'a Lint) -> Self {
        Self { rule, config, found: Vec::new(), fix: rule.fix() }
    }

    /// Something is wrong with the thing at a path.
    pub(super) fn at(&mut self, file: &File<'_>, path: &[i32], message: impl Into<String>) {
        let span = file.span(path);
        // What has no place in the text can't be spared by a comment either.
        let spared = span.is_some()
            && !self.config.disallow_comment_ignores
            && ignore::spares(file, path, self.rule.id);
        if !spared {
            self.push(file, span, message.into());
        }
    }

    /// Something is wrong with an annotated element.
    pub(super) fn element(&mut self, schemas: &Annotated<'_>, element: &Element, message: String) {
        let Some(file) = schemas.file(&element.file) else { return };
        let name = [&element.path[..], &[tag::NAME]].concat();
        self.at(file, &name, message);
    }

    /// Something is wrong with a file as a whole.
    pub(super) fn file(&mut self, file: &File<'_>, message: impl Into<String>) {
        self.push(file, None, message.into());
    }

    fn push(
        &mut self,
        file: &File<'_>,
        span: Option<crate::check::violation::Span>,
        message: String,
    ) {
        let name = file.proto.name();
        if self.config.selection.ignores(self.rule.id, self.rule.categories, name) {
            return;
        }
        self.found.push(Violation::new(self.rule.id, name, span, message).help(&self.fix));
    }

    pub(super) fn end(self) -> Vec<Violation> {
        self.found
    }
}
