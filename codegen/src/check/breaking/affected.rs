//! Who relies on a type, a service or a method of annotated schemas.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::kind::is_named;
use super::running::{Running, over_http};
use super::tree::{File, Tree};
use crate::schema::model::{Method, Service};

/// Both models, and what holds what.
pub(super) struct Affected<'r> {
    running: &'r Running<'r>,
    trees: [&'r Tree<'r>; 2],
    holders: OnceCell<Holders<'r>>,
}

/// Messages by what is in a field of theirs.
type Holders<'r> = BTreeMap<&'r str, BTreeSet<String>>;

impl<'r> Affected<'r> {
    /// Looks at nothing yet.
    pub(super) fn new(running: &'r Running<'r>, trees: [&'r Tree<'r>; 2]) -> Self {
        Self { running, trees, holders: OnceCell::new() }
    }

    /// Callers, consumers, routes and buckets that notice a change of an element, by its full name. What was only moved
    /// to another file is not noticed by anyone.
    pub(super) fn by(&self, element: &str, deleted: bool) -> Vec<String> {
        let [_, new] = self.trees;
        if self.running.is_empty() || (deleted && new.has(element)) {
            return Vec::new();
        }
        let elements = self.elements(element);
        let types = self.carriers(&elements);
        let mut hurt = BTreeSet::new();
        for service in self.running.all_services() {
            let callers = self.running.callers(&service.full_name);
            let whole = elements.contains(&service.full_name);
            if whole {
                hurt.extend(callers.iter().cloned());
            }
            for method in &service.methods {
                if whole || elements.contains(&method.full_name) {
                    hurt.extend(self.running.users(&service.full_name, &method.name));
                } else if types.contains(&method.request.full_name)
                    || types.contains(&method.response.full_name)
                {
                    hurt.extend(self.callers(service, method));
                }
            }
            for bucket in service.buckets.iter().filter(|it| types.contains(&it.value.full_name)) {
                hurt.insert(format!("{} stores it in bucket {}", service.full_name, bucket.name));
            }
            for event in service.consumes.iter().map(|it| &it.event.message.full_name) {
                if types.contains(event) {
                    hurt.insert(format!("{} consumes {event}", service.full_name));
                }
            }
        }
        hurt.into_iter().collect()
    }

    /// Types, services and methods that an element stands for: all that is in a package or a file and in no other now,
    /// and the type that a field or a value belongs to.
    fn elements(&self, element: &str) -> Vec<String> {
        let [old, new] = self.trees;
        let package = |file: &File<'_>| file.proto.package() == element;
        let files = old.files.iter().filter(|(path, file)| **path == element || package(file));
        let inside = files.flat_map(|(_, file)| file.full_names()).filter(|name| !new.has(name));
        let mut elements: Vec<_> = inside.collect();
        elements.push(element.to_owned());
        let outer = element.rsplit_once('.').map(|(outer, _)| outer);
        if !old.has(element) && !new.has(element) {
            elements.extend(outer.filter(|name| old.is_type(name)).map(str::to_owned));
        }
        elements
    }

    fn callers(&self, service: &Service, method: &Method) -> Vec<String> {
        let callers = self.running.callers_by_name(&service.full_name).into_iter();
        let callers = callers.map(|caller| format!("{caller} calls {}", method.full_name));
        callers.chain(method.routes.iter().map(over_http)).collect()
    }

    /// Elements and all messages that hold one of them, at any depth.
    fn carriers(&self, elements: &[String]) -> BTreeSet<String> {
        let holders = self.holders.get_or_init(|| self.holders());
        let mut carriers: BTreeSet<String> = elements.iter().cloned().collect();
        let mut open = elements.to_vec();
        while let Some(name) = open.pop() {
            for holder in holders.get(name.as_str()).into_iter().flatten() {
                if carriers.insert(holder.clone()) {
                    open.push(holder.clone());
                }
            }
        }
        carriers
    }

    fn holders(&self) -> Holders<'r> {
        let mut holders = Holders::new();
        for file in self.trees.iter().flat_map(|tree| tree.files.values()) {
            for (name, message) in &file.messages {
                for field in message.fields.values().filter(|field| is_named(field.kind())) {
                    holders.entry(field.type_name()).or_default().insert(file.full(name));
                }
            }
        }
        holders
    }
}
