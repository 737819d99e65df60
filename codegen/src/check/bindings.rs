//! Every route over HTTP as it is written.

use crate::diagnostic::Place;
use crate::schema::option::Http;
use crate::schema::survey::{Method, Survey};

/// A route, of a method's own or one of its `additional_bindings`.
pub(super) struct Binding<'a> {
    pub(super) method: &'a Method,
    pub(super) http: &'a Http,
    prefix: String,
}

/// Routes of every judged file.
pub(super) fn bindings(survey: &Survey) -> impl Iterator<Item = Binding<'_>> {
    let methods = survey.services().flat_map(|(_, service)| &service.methods);
    methods.flat_map(|method| {
        let bindings = method.http.iter().flat_map(Http::bindings);
        bindings.map(move |(prefix, http)| Binding { method, http, prefix })
    })
}

impl Binding<'_> {
    /// Tells whether it is one of `additional_bindings`.
    pub(super) fn is_further(&self) -> bool {
        !self.prefix.is_empty()
    }

    /// The path, or nothing.
    pub(super) fn path(&self) -> &str {
        self.http.pattern.as_ref().map_or("", |pattern| pattern.path())
    }

    /// A part of the path, or all of it.
    pub(super) fn path_place(&self, survey: &Survey, part: &str) -> Place {
        let option = self.http.pattern.as_ref().map_or("get", |pattern| pattern.option());
        self.place(survey, option, part)
    }

    /// A part of an option, or all of it.
    pub(super) fn place(&self, survey: &Survey, option: &str, part: &str) -> Place {
        survey.http(&self.method.element, &format!("{}{option}", self.prefix), part)
    }
}
