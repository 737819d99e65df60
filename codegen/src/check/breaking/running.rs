//! What annotated schemas make run, before and after, and who relies on it.

use std::collections::BTreeSet;

use crate::schema::model::{Bucket, Event, Method, Model, Service, Stream, Template, Token};

/// Both models.
pub(super) struct Running {
    old: Model,
    new: Model,
}

/// Something on both sides, and the service around it where there is one.
pub(super) struct Pair<'r, T> {
    pub(super) old: &'r T,
    pub(super) new: &'r T,
    pub(super) service: &'r str,
}

impl Running {
    /// Puts two models side by side.
    pub(super) fn new(old: Model, new: Model) -> Self {
        Self { old, new }
    }

    /// Services that are still there.
    pub(super) fn services(&self) -> Vec<Pair<'_, Service>> {
        let mut pairs = Vec::new();
        for old in services(&self.old) {
            let mut all = services(&self.new);
            let Some(new) = all.find(|it| it.full_name == old.full_name) else { continue };
            pairs.push(Pair { old, new, service: new.full_name.as_str() });
        }
        pairs
    }

    /// Methods that are still there.
    pub(super) fn methods(&self) -> Vec<Pair<'_, Method>> {
        let methods = self.services().into_iter().flat_map(|Pair { old, new, service }| {
            old.methods.iter().filter_map(move |old| {
                let new = new.methods.iter().find(|it| it.name == old.name)?;
                Some(Pair { old, new, service })
            })
        });
        methods.collect()
    }

    /// Events that are still there.
    pub(super) fn events(&self) -> Vec<Pair<'_, Event>> {
        let mut pairs = Vec::new();
        for old in events(&self.old) {
            let mut all = events(&self.new);
            let Some(new) = all.find(|it| it.message == old.message) else { continue };
            pairs.push(Pair { old, new, service: "" });
        }
        pairs
    }

    /// Streams that are still there.
    pub(super) fn streams(&self) -> Vec<Pair<'_, Stream>> {
        let mut pairs = Vec::new();
        for old in &self.old.streams {
            let mut all = self.new.streams.iter();
            let Some(new) = all.find(|it| it.name == old.name) else { continue };
            pairs.push(Pair { old, new, service: "" });
        }
        pairs
    }

    /// Buckets of services that are still there; `None` where the bucket itself is gone.
    pub(super) fn buckets(&self) -> Vec<(&Bucket, Option<&Bucket>, &str)> {
        let buckets = self.services().into_iter().flat_map(|Pair { old, new, service }| {
            old.buckets
                .iter()
                .map(move |old| (old, new.buckets.iter().find(|it| it.name == old.name), service))
        });
        buckets.collect()
    }

    /// Fields that were secret and are not, each with its message.
    pub(super) fn exposed(&self) -> Vec<(String, String)> {
        let secret = |model: &Model| -> BTreeSet<(String, String)> {
            let messages = model.packages.iter().flat_map(|package| &package.redacted);
            let fields = messages.flat_map(|it| {
                let name = it.message.full_name.clone();
                let secret = it.fields.iter().filter(|(_, secret)| *secret);
                secret.map(move |(field, _)| (name.clone(), field.clone()))
            });
            fields.collect()
        };
        secret(&self.old).difference(&secret(&self.new)).cloned().collect()
    }

    /// Services that call another.
    pub(super) fn callers(&self, service: &str) -> Vec<String> {
        let calls = |it: &&Service| it.calls.iter().any(|name| name == service);
        named(services(&self.old).chain(services(&self.new)).filter(calls), "calls")
    }

    /// Services that consume an event.
    pub(super) fn consumers(&self, event: &str) -> Vec<String> {
        let consumes =
            |it: &&Service| it.consumes.iter().any(|it| it.event.message.full_name == event);
        named(services(&self.old).chain(services(&self.new)).filter(consumes), "consumes")
    }

    /// Services that consume an event of a stream.
    pub(super) fn readers(&self, stream: &str) -> Vec<String> {
        let reads = |it: &&Service| it.consumes.iter().any(|it| it.event.stream == stream);
        named(services(&self.old).chain(services(&self.new)).filter(reads), "reads")
    }
}

/// Names of the fields in a subject, in their order.
pub(super) fn parameters(subject: &Template) -> Vec<String> {
    let name = |token: &'_ Token| match token {
        Token::Field(field) => Some(field.name.clone()),
        Token::Literal(_) => None,
    };
    subject.tokens.iter().filter_map(name).collect()
}

fn services(model: &Model) -> impl Iterator<Item = &Service> {
    model.packages.iter().flat_map(|package| &package.services)
}

fn events(model: &Model) -> impl Iterator<Item = &Event> {
    model.packages.iter().flat_map(|package| &package.events)
}

fn named<'a>(services: impl Iterator<Item = &'a Service>, verb: &str) -> Vec<String> {
    let mut names: Vec<_> = services.map(|it| format!("{} {verb} it", it.full_name)).collect();
    names.sort();
    names.dedup();
    names
}
