//! What annotated schemas make run, before and after, and who relies on it.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::check::image::Image;
use crate::schema::model::{
    Bucket, Event, Method, Model, Package, Redacted, Route, Service, Shape, Stream, Template, Token,
};

/// Both models, each built when a rule first asks for it.
pub(super) struct Running<'a> {
    old: Side<'a>,
    new: Side<'a>,
    /// Services that call another, by its name.
    callers: OnceCell<BTreeMap<String, BTreeSet<String>>>,
    /// Names of the messages that are events now.
    events: OnceCell<BTreeSet<String>>,
}

/// Names of secret fields, by message and number.
pub(super) type Secrets = BTreeMap<(String, u32), String>;

struct Side<'a> {
    image: &'a Image,
    model: OnceCell<Model>,
}

/// Something on both sides, and the service around it where there is one.
pub(super) struct Pair<'r, T> {
    pub(super) old: &'r T,
    pub(super) new: &'r T,
    pub(super) service: &'r str,
}

impl<'a> Side<'a> {
    fn new(image: &'a Image) -> Self {
        Self { image, model: OnceCell::new() }
    }

    fn model(&self) -> &Model {
        self.model.get_or_init(|| self.image.model())
    }
}

impl<'a> Running<'a> {
    /// Puts what two images say side by side.
    pub(super) fn new(old: &'a Image, new: &'a Image) -> Self {
        let (old, new) = (Side::new(old), Side::new(new));
        Self { old, new, callers: OnceCell::new(), events: OnceCell::new() }
    }

    fn before(&self) -> &Model {
        self.old.model()
    }

    fn after(&self) -> &Model {
        self.new.model()
    }

    /// Services that are still there.
    pub(super) fn services(&self) -> Vec<Pair<'_, Service>> {
        let new = services(self.after()).map(|it| (it.full_name.as_str(), it)).collect();
        let pairs = paired(services(self.before()), &new, |it| &it.full_name);
        pairs.map(|pair| Pair { service: &pair.new.full_name, ..pair }).collect()
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
        let new = events(self.after()).map(|it| (it.message.full_name.as_str(), it)).collect();
        paired(events(self.before()), &new, |it| &it.message.full_name).collect()
    }

    /// Messages that were events and are none.
    pub(super) fn events_gone(&self) -> Vec<&Event> {
        let left: BTreeSet<_> = events(self.after()).map(|it| &it.message.full_name).collect();
        events(self.before()).filter(|it| !left.contains(&it.message.full_name)).collect()
    }

    /// Names of what was, services and events, each with its subject.
    pub(super) fn subjects_before(&self) -> BTreeSet<(&str, &str)> {
        let services =
            services(self.before()).map(|it| (it.full_name.as_str(), it.subject.as_str()));
        let events = events(self.before());
        let events = events.map(|it| (it.message.full_name.as_str(), it.subject.text.as_str()));
        services.chain(events).collect()
    }

    /// Tells whether a message is an event now.
    pub(super) fn is_event(&self, name: &str) -> bool {
        let names = || events(self.after()).map(|it| it.message.full_name.clone()).collect();
        self.events.get_or_init(names).contains(name)
    }

    /// Packages of what is.
    pub(super) fn packages(&self) -> &[Package] {
        &self.after().packages
    }

    /// Routes over HTTP that are there before and after, by what they match, each with the method that it reaches.
    pub(super) fn routes(&self) -> Vec<(Pair<'_, Route>, &Method)> {
        let routes = self.methods().into_iter().flat_map(|Pair { old, new, service }| {
            old.routes.iter().filter_map(move |old| {
                let route = new.routes.iter().find(|it| it.matches_like(old))?;
                Some((Pair { old, new: route, service }, new))
            })
        });
        routes.collect()
    }

    /// Full name of the method that has a route now which matches what another one did.
    pub(super) fn routed(&self, route: &Route) -> Option<&str> {
        let mut methods = services(self.after()).flat_map(|service| &service.methods);
        let taken = methods.find(|it| it.routes.iter().any(|it| it.matches_like(route)));
        taken.map(|it| it.full_name.as_str())
    }

    /// Streams that are gone.
    pub(super) fn streams_gone(&self) -> Vec<&Stream> {
        let left: BTreeSet<_> = self.after().streams.iter().map(|it| &it.name).collect();
        self.before().streams.iter().filter(|it| !left.contains(&it.name)).collect()
    }

    /// Streams that are still there.
    pub(super) fn streams(&self) -> Vec<Pair<'_, Stream>> {
        let new = self.after().streams.iter().map(|it| (it.name.as_str(), it)).collect();
        paired(self.before().streams.iter(), &new, |it| &it.name).collect()
    }

    /// Buckets of services that are still there; `None` where the bucket itself is gone. What answers are kept in is no
    /// bucket of the schema's.
    pub(super) fn buckets(&self) -> Vec<(&Bucket, Option<&Bucket>, &str)> {
        let buckets = self.services().into_iter().flat_map(|Pair { old, new, service }| {
            let written = |it: &&Bucket| !it.keeps_answers;
            old.buckets.iter().filter(written).map(move |old| {
                let mut new = new.buckets.iter().filter(written);
                (old, new.find(|it| it.name == old.name), service)
            })
        });
        buckets.collect()
    }

    /// Secret fields as they were and as they are.
    pub(super) fn secrets(&self) -> (Secrets, Secrets) {
        (secrets(self.before()), secrets(self.after()))
    }

    /// Tells whether nothing is annotated on either side.
    pub(super) fn is_empty(&self) -> bool {
        self.before().packages.is_empty() && self.after().packages.is_empty()
    }

    /// Services of both sides; one that is on both comes twice.
    pub(super) fn all_services(&self) -> impl Iterator<Item = &Service> {
        services(self.before()).chain(services(self.after()))
    }

    /// Names of the services that call another.
    pub(super) fn callers_by_name(&self, service: &str) -> BTreeSet<String> {
        let callers = self.callers.get_or_init(|| {
            let mut callers: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
            for service in self.all_services() {
                for called in &service.calls {
                    callers.entry(called.clone()).or_default().insert(service.full_name.clone());
                }
            }
            callers
        });
        callers.get(service).cloned().unwrap_or_default()
    }

    /// Services that call another.
    pub(super) fn callers(&self, service: &str) -> Vec<String> {
        let names = self.callers_by_name(service).into_iter();
        names.map(|name| format!("{name} calls it")).collect()
    }

    /// Services that call a method, and its routes over HTTP.
    pub(super) fn users(&self, service: &str, method: &str) -> Vec<String> {
        let services = self.all_services();
        let methods = services.filter(|it| it.full_name == service).flat_map(|it| &it.methods);
        let routes = methods.filter(|it| it.name == method).flat_map(|it| &it.routes);
        let routes: BTreeSet<_> = routes.map(over_http).collect();
        self.callers(service).into_iter().chain(routes).collect()
    }

    /// Services that consume an event.
    pub(super) fn consumers(&self, event: &str) -> Vec<String> {
        let consumes =
            |it: &&Service| it.consumes.iter().any(|it| it.event.message.full_name == event);
        named(self.all_services().filter(consumes), "consumes")
    }

    /// Services that consume an event of a stream.
    pub(super) fn readers(&self, stream: &str) -> Vec<String> {
        let reads = |it: &&Service| it.consumes.iter().any(|it| it.event.stream == stream);
        named(self.all_services().filter(reads), "reads")
    }
}

/// Those who send requests by a route.
pub(super) fn over_http(route: &Route) -> String {
    format!("whoever sends `{route}` over HTTP")
}

/// Numbers of the fields in a subject and how their values are written, in their order.
pub(super) fn parameters(subject: &Template) -> Vec<(u32, Shape)> {
    let field = |token: &Token| match token {
        Token::Field(field) => Some((field.number, field.shape)),
        Token::Literal(_) => None,
    };
    subject.tokens.iter().filter_map(field).collect()
}

/// Says how the fields of a subject changed, if they did.
pub(super) fn parameters_changed(old: &Template, new: &Template) -> Option<String> {
    let (before, after) = (&old.text, &new.text);
    if parameters(old) == parameters(new) {
        None
    } else if before == after {
        Some(format!("writes a field of its subject \"{after}\" in another way."))
    } else {
        Some(format!("changed the fields in its subject from \"{before}\" to \"{after}\"."))
    }
}

/// What is on both sides under one name.
fn paired<'r, T>(
    old: impl Iterator<Item = &'r T>,
    new: &BTreeMap<&str, &'r T>,
    name: fn(&T) -> &str,
) -> impl Iterator<Item = Pair<'r, T>> {
    old.filter_map(move |old| Some(Pair { old, new: *new.get(name(old))?, service: "" }))
}

fn secrets(model: &Model) -> Secrets {
    let messages = model.packages.iter().flat_map(|package| &package.redacted);
    let fields = messages.flat_map(|Redacted { message, secrets, .. }| {
        let field =
            |(number, name): &(u32, String)| ((message.full_name.clone(), *number), name.clone());
        secrets.iter().map(field)
    });
    fields.collect()
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
