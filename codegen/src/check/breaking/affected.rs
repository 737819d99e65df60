//! Who relies on a type, a service or a method of annotated schemas.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::kind::is_named;
use super::running::{Running, over_http};
use super::tree::{File, Tree};
use crate::schema::model::{Method, Service};

/// Both models, and what uses what.
pub(super) struct Affected<'r> {
    running: &'r Running<'r>,
    trees: [&'r Tree<'r>; 2],
    uses: OnceCell<Uses<'r>>,
}

/// What uses what, by full name.
#[derive(Default)]
struct Uses<'r> {
    /// Messages by what is in a field of theirs.
    holders: BTreeMap<&'r str, BTreeSet<String>>,
    services: BTreeMap<&'r str, Vec<&'r Service>>,
    /// Methods by their own name and by those of request and response.
    methods: BTreeMap<&'r str, Vec<&'r Method>>,
    /// Whoever stores or consumes a message, and how.
    readers: BTreeMap<&'r str, BTreeSet<String>>,
}

impl<'r> Affected<'r> {
    /// Looks at nothing yet.
    pub(super) fn new(running: &'r Running<'r>, trees: [&'r Tree<'r>; 2]) -> Self {
        Self { running, trees, uses: OnceCell::new() }
    }

    /// Callers, consumers, routes and buckets that notice a change of an element, by its full name. What was only moved
    /// to another file is not noticed by anyone.
    pub(super) fn by(&self, element: &str, deleted: bool) -> Vec<String> {
        let [_, new] = self.trees;
        if self.running.is_empty() || (deleted && new.has(element)) {
            return Vec::new();
        }
        let uses = self.uses.get_or_init(|| self.uses());
        let elements = self.elements(element);
        let mut hurt = BTreeSet::new();
        for name in uses.carriers(&elements) {
            let name = name.as_str();
            for service in uses.services.get(name).into_iter().flatten() {
                hurt.extend(self.running.callers(name));
                hurt.extend(service.methods.iter().flat_map(|it| &it.routes).map(over_http));
            }
            for method in uses.methods.get(name).into_iter().flatten() {
                hurt.extend(self.callers(method, method.full_name == name));
            }
            hurt.extend(uses.readers.get(name).into_iter().flatten().cloned());
        }
        hurt.into_iter().collect()
    }

    /// Types, services and methods that an element stands for: all that is in a package or a file and in no other now,
    /// and the type that a field or a value belongs to.
    fn elements(&self, element: &str) -> Vec<String> {
        let [old, new] = self.trees;
        let inside = old.of_package(element).chain(old.files.get(element));
        let inside = inside.flat_map(File::full_names).filter(|name| !new.has(name));
        let mut elements: Vec<_> = inside.collect();
        elements.push(element.to_owned());
        let outer = element.rsplit_once('.').map(|(outer, _)| outer);
        if !old.has(element) && !new.has(element) {
            elements.extend(outer.filter(|name| old.is_type(name)).map(str::to_owned));
        }
        elements
    }

    fn callers(&self, method: &Method, itself: bool) -> Vec<String> {
        let service = method.full_name.rsplit_once('.').map_or("", |(service, _)| service);
        let called = if itself { "it" } else { &method.full_name };
        let callers = self.running.callers_by_name(service).into_iter();
        let callers = callers.map(|caller| format!("{caller} calls {called}"));
        callers.chain(method.routes.iter().map(over_http)).collect()
    }

    fn uses(&self) -> Uses<'r> {
        let mut uses = Uses::default();
        for file in self.trees.iter().flat_map(|tree| tree.files.values()) {
            for (name, message) in &file.messages {
                for field in message.fields.values().filter(|field| is_named(field.kind())) {
                    uses.holders.entry(field.type_name()).or_default().insert(file.full(name));
                }
            }
        }
        for service in self.running.all_services() {
            let name = &service.full_name;
            uses.services.entry(name).or_default().push(service);
            for method in &service.methods {
                for used in
                    [&method.full_name, &method.request.full_name, &method.response.full_name]
                {
                    uses.methods.entry(used).or_default().push(method);
                }
            }
            for bucket in &service.buckets {
                let how = format!("{name} stores it in bucket {}", bucket.name);
                for (_, value) in bucket.read() {
                    uses.readers.entry(&value.full_name).or_default().insert(how.clone());
                }
            }
            for event in service.consumes.iter().map(|it| &it.event.message.full_name) {
                let how = format!("{name} consumes {event}");
                uses.readers.entry(event).or_default().insert(how);
            }
        }
        uses
    }
}

impl Uses<'_> {
    /// Elements and all messages that hold one of them, at any depth.
    fn carriers(&self, elements: &[String]) -> BTreeSet<String> {
        let mut carriers: BTreeSet<String> = elements.iter().cloned().collect();
        let mut open = elements.to_vec();
        while let Some(name) = open.pop() {
            for holder in self.holders.get(name.as_str()).into_iter().flatten() {
                if carriers.insert(holder.clone()) {
                    open.push(holder.clone());
                }
            }
        }
        carriers
    }
}
