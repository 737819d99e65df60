//! Matches what was with what is: files by path, types and services by full name, methods by name, fields and
//! extensions by number.

use std::collections::{BTreeMap, BTreeSet};

use super::kind;
use super::report::Report;
use super::running::Running;
use super::stored::Stored;
use super::tree::{Enum, Field, File, Message, Service, Tree};
use super::{Check, RULES, WIRE};

/// Everything that is there before and after.
pub(super) struct Pairs<'t, 'a> {
    running: &'t Running<'a>,
    files: Vec<(&'t File<'a>, &'t File<'a>)>,
    messages: Matched<'t, Message<'a>>,
    fields: Vec<(&'t Field<'a>, &'t Field<'a>)>,
    enums: Matched<'t, Enum<'a>>,
    services: Matched<'t, Service<'a>>,
}

/// Things by full name, what was and what is.
type Matched<'t, T> = BTreeMap<String, (&'t T, &'t T)>;

impl<'t, 'a> Pairs<'t, 'a> {
    /// Matches two trees.
    pub(super) fn new(old: &'t Tree<'a>, new: &'t Tree<'a>, running: &'t Running<'a>) -> Self {
        let messages = matched(old, new, |file| named(file, &file.messages));
        let within = messages.values().flat_map(|(old, new)| common(&old.fields, &new.fields));
        let extensions = common_owned(&extensions(old), &extensions(new));
        Self {
            running,
            files: common(&old.files, &new.files).collect(),
            fields: within.chain(extensions).collect(),
            enums: matched(old, new, |file| named(file, &file.enums)),
            services: matched(old, new, |file| {
                file.services.iter().map(|(name, it)| (file.full(name), it)).collect()
            }),
            messages,
        }
    }

    /// Lets a rule judge all that it looks at.
    pub(super) fn judge(&self, check: Check, report: &mut Report<'_>) {
        match check {
            Check::Trees(check) => check(report),
            Check::Running(check) => check(self.running, report),
            Check::Stored(list) => {
                for stored in list(self.running) {
                    self.stored(&stored, report);
                }
            }
            Check::File(check) => {
                self.files.iter().for_each(|(old, new)| check(old, new, report));
            }
            Check::Message(check) => {
                self.messages.values().for_each(|(old, new)| check(old, new, report));
            }
            Check::Field(check) => {
                self.fields.iter().for_each(|(old, new)| check(old, new, report));
            }
            Check::Enum(check) => {
                self.enums.values().for_each(|(old, new)| check(old, new, report));
            }
            Check::Service(check) => {
                self.services.values().for_each(|(old, new)| check(old, new, report));
            }
            Check::Method(check) => {
                for (old, new) in self.services.values() {
                    let (old, new) = (old.methods(), new.methods());
                    common(&old, &new).for_each(|(old, new)| check(old, new, report));
                }
            }
        }
    }
}

impl Pairs<'_, '_> {
    /// Reports what `WIRE` says about a stored message and about all that it holds.
    fn stored(&self, stored: &Stored<'_>, report: &mut Report<'_>) {
        let held = self.held(&stored.message);
        let wire = RULES.iter().filter(|rule| rule.categories.contains(&WIRE));
        for check in wire.map(|rule| rule.check) {
            for (name, path) in &held {
                let (message, enumeration) = (self.messages.get(*name), self.enums.get(*name));
                match (check, message, enumeration) {
                    (Check::Message(check), Some((old, new)), _) => {
                        report.stored(stored, path, |report| check(old, new, report));
                    }
                    (Check::Field(check), Some((old, new)), _) => {
                        for (old, new) in common(&old.fields, &new.fields) {
                            let path = format!("{path}.{}", old.proto.name());
                            report.stored(stored, &path, |report| check(old, new, report));
                        }
                    }
                    (Check::Enum(check), _, Some((old, new))) => {
                        report.stored(stored, path, |report| check(old, new, report));
                    }
                    _ => {}
                }
            }
        }
    }

    /// A message, and all messages and enums inside of it, each with the fields that lead there.
    fn held<'n>(&'n self, message: &'n str) -> Vec<(&'n str, String)> {
        let short = message.rsplit('.').next().unwrap_or(message);
        let mut held = vec![(message, short.to_owned())];
        let mut seen = BTreeSet::from([message]);
        let mut at = 0;
        while let Some((name, path)) = held.get(at).cloned() {
            at += 1;
            let fields =
                self.messages.get(name).into_iter().flat_map(|(old, _)| old.fields.values());
            for field in fields.filter(|field| kind::is_named(field.kind())) {
                if seen.insert(field.type_name()) {
                    held.push((field.type_name(), format!("{path}.{}", field.proto.name())));
                }
            }
        }
        held
    }
}

type Named<'t, T> = Vec<(String, &'t T)>;

fn named<'t, T>(file: &File<'_>, of: &'t BTreeMap<String, T>) -> Named<'t, T> {
    of.iter().map(|(name, it)| (file.full(name), it)).collect()
}

/// What both trees have under one full name.
fn matched<'t, 'a, T>(
    old: &'t Tree<'a>,
    new: &'t Tree<'a>,
    list: fn(&'t File<'a>) -> Named<'t, T>,
) -> Matched<'t, T> {
    let all =
        |tree: &'t Tree<'a>| -> BTreeMap<_, _> { tree.files.values().flat_map(list).collect() };
    let new = all(new);
    all(old)
        .into_iter()
        .filter_map(|(name, it)| Some((name.clone(), (it, *new.get(&name)?))))
        .collect()
}

/// Extensions by what they extend and their number.
fn extensions<'t, 'a>(tree: &'t Tree<'a>) -> BTreeMap<(&'a str, i32), &'t Field<'a>> {
    let all = tree.files.values().flat_map(|file| file.extensions.values());
    all.map(|it| ((it.proto.extendee(), it.proto.number()), it)).collect()
}

fn common<'t, K: Ord, T>(
    old: &'t BTreeMap<K, T>,
    new: &'t BTreeMap<K, T>,
) -> impl Iterator<Item = (&'t T, &'t T)> {
    old.iter().filter_map(|(key, it)| Some((it, new.get(key)?)))
}

fn common_owned<'t, K: Ord, T>(
    old: &BTreeMap<K, &'t T>,
    new: &BTreeMap<K, &'t T>,
) -> std::vec::IntoIter<(&'t T, &'t T)> {
    let pairs: Vec<_> = common(old, new).map(|(old, new)| (*old, *new)).collect();
    pairs.into_iter()
}
