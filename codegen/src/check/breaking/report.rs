//! Where rules put what they find.

use super::Rule;
use super::tree::{Spot, Tree};
use crate::check::image::Image;
use crate::check::violation::Violation;

/// Violations so far, and both sides for rules that have to look around.
pub(super) struct Report<'a> {
    pub(super) old: &'a Tree<'a>,
    pub(super) new: &'a Tree<'a>,
    image: &'a Image,
    rule: &'static Rule,
    pub(super) violations: Vec<Found>,
}

/// A violation, and where it was if nothing is left of that.
pub(super) struct Found {
    pub(super) violation: Violation,
    was: Option<String>,
}

impl<'a> Report<'a> {
    /// Opens a report.
    pub(super) fn new(
        image: &'a Image,
        (old, new): (&'a Tree<'a>, &'a Tree<'a>),
        rule: &'static Rule,
    ) -> Self {
        Self { old, new, image, rule, violations: Vec::new() }
    }

    /// States a violation at the first place that there is.
    pub(super) fn at(&mut self, spot: &Spot<'_>, message: impl Into<String>) {
        let span = spot.paths.iter().find_map(|path| self.image.span(spot.file, path));
        let violation = Violation::new(self.rule.id, spot.file, span, message);
        self.add(violation, None);
    }

    /// States a violation of which nothing is left but the file where it was.
    pub(super) fn nowhere(&mut self, was: &str, message: impl Into<String>) {
        self.add(Violation::nowhere(self.rule.id, message), Some(was.to_owned()));
    }

    fn add(&mut self, violation: Violation, was: Option<String>) {
        let violation = violation.help(self.rule.fix());
        self.violations.push(Found { violation, was });
    }
}

impl Found {
    /// Files that it is about: who ignores one of them ignores it.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        self.violation.file.as_deref().into_iter().chain(self.was.as_deref())
    }
}
