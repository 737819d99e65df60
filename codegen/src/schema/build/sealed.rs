use std::collections::{BTreeMap, BTreeSet};

use heck::{ToShoutySnakeCase as _, ToUpperCamelCase as _};

use crate::schema::model::{MESSAGES, Package, Sealed, SealedField};
use crate::schema::survey::{Field, Message, Survey, Value};

/// The messages through which secret fields are reached.
pub(super) struct Ways<'a> {
    survey: &'a Survey,
    /// Full names of the messages that have secret fields, or lead to some.
    leading: BTreeSet<&'a str>,
}

impl<'a> Ways<'a> {
    pub(super) fn new(survey: &'a Survey) -> Self {
        let mut holders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut open = Vec::new();
        for (name, message) in &survey.messages {
            for field in &message.fields {
                if field.sensitive {
                    open.push(name.as_str());
                }
                if let Value::Message(inner) = &field.value {
                    holders.entry(inner).or_default().push(name);
                }
            }
        }
        let mut leading = BTreeSet::new();
        while let Some(name) = open.pop() {
            if leading.insert(name) {
                open.extend(holders.get(name).into_iter().flatten());
            }
        }
        Self { survey, leading }
    }

    /// What is sealed in the messages that a package carries, and in those that they hold.
    pub(super) fn sealed(&self, package: &Package) -> Vec<Sealed> {
        let methods = package.services.iter().flat_map(|it| &it.methods);
        let methods = methods.flat_map(|it| [&it.request, &it.response]);
        let buckets = package.services.iter().flat_map(|it| &it.buckets);
        let buckets = buckets.filter(|it| !it.keeps_answers);
        let buckets = buckets.flat_map(|it| it.read().map(|(_, value)| value));
        let events = package.events.iter().map(|it| &it.message);
        let carried: BTreeSet<_> =
            methods.chain(buckets).chain(events).map(|it| it.full_name.as_str()).collect();
        let mut tables = BTreeMap::new();
        for name in &carried {
            self.follow(name, &mut tables);
        }
        let places: BTreeMap<String, usize> = tables.keys().cloned().zip(0..).collect();
        let mut taken = BTreeSet::from([MESSAGES.to_owned()]);
        tables
            .into_iter()
            .map(|(full_name, steps)| {
                let is_carried = carried.contains(full_name.as_str());
                let ident = is_carried.then(|| self.ident(&full_name, &mut taken));
                let fields = steps.into_iter().map(|step| step.field(&places)).collect();
                Sealed { full_name, ident, fields }
            })
            .collect()
    }

    /// Adds a message, and what it leads to, unless it leads to nothing.
    fn follow(&self, name: &str, tables: &mut BTreeMap<String, Vec<Step>>) {
        let Some(message) = self.survey.messages.get(name) else { return };
        if tables.contains_key(name) || !self.leading.contains(name) {
            return;
        }
        tables.insert(name.to_owned(), Vec::new());
        let mut steps = Vec::new();
        for field in &message.fields {
            let inside = match &field.value {
                _ if field.sensitive => None,
                Value::Message(inner) if self.leading.contains(inner.as_str()) => Some(inner),
                _ => continue,
            };
            let inside = inside.map(|inner| {
                self.follow(inner, tables);
                if field.key.is_some() {
                    let entry = entry(message, field);
                    let value =
                        Step { number: 2, name: "value".to_owned(), inside: Some(inner.clone()) };
                    tables.insert(entry.clone(), vec![value]);
                    entry
                } else {
                    inner.clone()
                }
            });
            steps.push(Step { number: field.number, name: field.name.clone(), inside });
        }
        steps.sort_by_key(|step| step.number);
        tables.insert(name.to_owned(), steps);
    }

    /// A constant's name: that of the message inside its package, with a number behind it where another has it.
    fn ident(&self, full_name: &str, taken: &mut BTreeSet<String>) -> String {
        let package = self.survey.messages.get(full_name).map_or("", |it| it.package.as_str());
        let inside = full_name.strip_prefix(package).unwrap_or(full_name).replace('.', "_");
        let stem = inside.to_shouty_snake_case();
        let stem = if stem.starts_with(char::is_numeric) { format!("_{stem}") } else { stem };
        let numbered = (2..).map(|number: u32| format!("{stem}_{number}"));
        let mut names = std::iter::once(stem.clone()).chain(numbered);
        names.find(|name| taken.insert(name.clone())).unwrap_or(stem)
    }
}

/// A field that is secret, or the name of the message that it leads to.
struct Step {
    number: u32,
    name: String,
    inside: Option<String>,
}

impl Step {
    fn field(self, places: &BTreeMap<String, usize>) -> SealedField {
        let inside = self.inside.and_then(|inside| places.get(&inside).copied());
        SealedField { number: self.number, name: self.name, inside }
    }
}

/// Full name of the entries of a map, which a compiler makes up so.
fn entry(message: &Message, field: &Field) -> String {
    format!("{}.{}Entry", message.full_name, field.name.to_upper_camel_case())
}
