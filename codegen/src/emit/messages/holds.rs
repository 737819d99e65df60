//! Which files hold messages of which others.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};

use super::types;

/// For each file, the files whose types its fields have.
pub(crate) fn of(set: &FileDescriptorSet) -> Vec<BTreeSet<usize>> {
    let declared = set.file.iter().enumerate().flat_map(|(at, file)| {
        types::declared(file).into_iter().map(move |(name, _)| (format!(".{name}"), at))
    });
    let declared: BTreeMap<_, _> = declared.collect();
    let held = |file: &FileDescriptorProto| {
        let mut held = BTreeSet::new();
        file.message_type.iter().for_each(|message| collect(message, &declared, &mut held));
        held
    };
    set.file.iter().map(held).collect()
}

fn collect(
    message: &DescriptorProto,
    declared: &BTreeMap<String, usize>,
    held: &mut BTreeSet<usize>,
) {
    held.extend(message.field.iter().filter_map(|field| declared.get(field.type_name())));
    message.nested_type.iter().for_each(|nested| collect(nested, declared, held));
}
