//! Matches what was with what is: files by path, types and services by full name, methods by name, fields and
//! extensions by number.

use std::collections::BTreeMap;

use super::Check;
use super::report::Report;
use super::running::Running;
use super::tree::{Enum, Field, File, Message, Service, Tree};

/// Everything that is there before and after.
pub(super) struct Pairs<'t, 'a> {
    running: &'t Running,
    files: Vec<(&'t File<'a>, &'t File<'a>)>,
    messages: Vec<(&'t Message<'a>, &'t Message<'a>)>,
    fields: Vec<(&'t Field<'a>, &'t Field<'a>)>,
    enums: Vec<(&'t Enum<'a>, &'t Enum<'a>)>,
    services: Vec<(&'t Service<'a>, &'t Service<'a>)>,
}

impl<'t, 'a> Pairs<'t, 'a> {
    /// Matches two trees.
    pub(super) fn new(old: &'t Tree<'a>, new: &'t Tree<'a>, running: &'t Running) -> Self {
        let messages = matched(old, new, |file| named(file, &file.messages));
        let within = messages.iter().flat_map(|(old, new)| common(&old.fields, &new.fields));
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
            Check::File(check) => {
                self.files.iter().for_each(|(old, new)| check(old, new, report));
            }
            Check::Message(check) => {
                self.messages.iter().for_each(|(old, new)| check(old, new, report));
            }
            Check::Field(check) => {
                self.fields.iter().for_each(|(old, new)| check(old, new, report));
            }
            Check::Enum(check) => {
                self.enums.iter().for_each(|(old, new)| check(old, new, report));
            }
            Check::Service(check) => {
                self.services.iter().for_each(|(old, new)| check(old, new, report));
            }
            Check::Method(check) => {
                for (old, new) in &self.services {
                    let (old, new) = (old.methods(), new.methods());
                    common(&old, &new).for_each(|(old, new)| check(old, new, report));
                }
            }
        }
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
) -> Vec<(&'t T, &'t T)> {
    let all =
        |tree: &'t Tree<'a>| -> BTreeMap<_, _> { tree.files.values().flat_map(list).collect() };
    common_owned(&all(old), &all(new)).collect()
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
