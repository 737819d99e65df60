//! Where rules put what they find.

use super::Rule;
use super::affected::Affected;
use super::element;
use super::stored::Stored;
use super::tree::{File, Spot, Tree, full};
use crate::check::allowance::USES;
use crate::check::image::Image;
use crate::check::violation::Violation;

/// Path of `(bodybroker.options.v1.file)` in the descriptor of a file.
const FILE_OPTIONS: &[i32] = &[8, 50501];

/// Violations so far, and both sides for rules that have to look around.
pub(super) struct Report<'a> {
    pub(super) old: &'a Tree<'a>,
    pub(super) new: &'a Tree<'a>,
    pub(super) affected: &'a Affected<'a>,
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
        affected: &'a Affected<'a>,
        rule: &'static Rule,
    ) -> Self {
        Self { old, new, affected, image, rule, violations: Vec::new() }
    }

    /// States a violation at the first place that there is.
    pub(super) fn at(&mut self, spot: &Spot<'_>, message: impl Into<String>) {
        self.gone(&element::name(self.new, spot), spot, message);
    }

    /// States a violation where something was that is gone.
    pub(super) fn gone(&mut self, element: &str, spot: &Spot<'_>, message: impl Into<String>) {
        let span = spot.paths.iter().find_map(|path| self.image.span(spot.file, path));
        let violation = Violation::new(self.rule.id, spot.file, span, message);
        self.add(violation.about(element), None);
    }

    /// States a violation of which nothing is left but the file where it was.
    pub(super) fn nowhere(&mut self, element: &str, was: &str, message: impl Into<String>) {
        let violation = Violation::nowhere(self.rule.id, message);
        self.add(violation.about(element), Some(was.to_owned()));
    }

    /// States a violation at a method.
    pub(super) fn method(&mut self, service: &str, name: &str, message: String, hurt: Vec<String>) {
        let spot = self.found(service, |file, nested| {
            Some(file.services.get(nested)?.methods().get(name)?.spot())
        });
        self.hurting(&format!("{service}.{name}"), spot, message, hurt);
    }

    /// States a violation at a service.
    pub(super) fn service(&mut self, name: &str, message: String, hurt: Vec<String>) {
        let spot = self.found(name, |file, nested| Some(file.services.get(nested)?.spot()));
        self.hurting(name, spot, message, hurt);
    }

    /// States that a service may no longer use something, which is named beside it: each is agreed on by itself.
    pub(super) fn unused(&mut self, service: &str, verb: &str, gone: &str) {
        let spot = self.found(service, |file, nested| Some(file.services.get(nested)?.spot()));
        let message = format!("Service \"{service}\" may no longer {verb} \"{gone}\".");
        let hurt = vec![format!("{service} itself, where the old version runs")];
        self.hurting(&format!("{service}{USES}{gone}"), spot, message, hurt);
    }

    /// States a violation at a message.
    pub(super) fn message(&mut self, name: &str, message: String, hurt: Vec<String>) {
        let spot = self.found(name, |file, nested| Some(file.messages.get(nested)?.spot.clone()));
        self.hurting(name, spot, message, hurt);
    }

    /// Lets a check judge a part of a stored message, and says of what it finds where that is stored.
    pub(super) fn stored(
        &mut self,
        stored: &Stored<'_>,
        path: &str,
        check: impl FnOnce(&mut Self),
    ) {
        let before = self.violations.len();
        check(self);
        for found in &mut self.violations[before..] {
            let message = &found.violation.message;
            found.violation.message = format!("{} holds \"{path}\": {message}", stored.place);
            found.violation.hurt = (stored.hurt)();
        }
    }

    /// Tells whether a message is there now.
    pub(super) fn has_message(&self, name: &str) -> bool {
        self.found(name, |file, nested| Some(file.messages.get(nested)?.spot.clone())).is_some()
    }

    /// States a violation at the service of a bucket.
    pub(super) fn bucket(&mut self, service: &str, name: &str, message: String, hurt: Vec<String>) {
        let spot = self.found(service, |file, nested| Some(file.services.get(nested)?.spot()));
        self.hurting(&format!("{service}.{name}"), spot, message, hurt);
    }

    /// States a violation of a stream in the options of a file of its package.
    pub(super) fn stream(&mut self, package: &str, name: &str, message: String, hurt: Vec<String>) {
        let files = || self.new.files.values().filter(|file| file.proto.package() == package);
        let says = |file: &&File<'a>| self.image.span(file.proto.name(), FILE_OPTIONS).is_some();
        let file = files().find(says).or_else(|| files().next());
        let spot = file.map(|file| file.spot(FILE_OPTIONS));
        self.hurting(&full(package, name), spot, message, hurt);
    }

    fn found(
        &self,
        name: &str,
        find: impl Fn(&File<'a>, &str) -> Option<Spot<'a>>,
    ) -> Option<Spot<'a>> {
        self.new.find(name, find)
    }

    fn hurting(
        &mut self,
        element: &str,
        spot: Option<Spot<'a>>,
        message: String,
        hurt: Vec<String>,
    ) {
        match spot {
            Some(spot) => self.gone(element, &spot, message),
            None => self.nowhere(element, "", message),
        }
        if let Some(found) = self.violations.last_mut() {
            found.violation.hurt = hurt;
        }
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
