//! Changes of files and of what they import.

use bodybroker_codegen::check::image::descriptor::{
    FileDescriptorProto, FileDescriptorSet, FileOptions, UninterpretedOption,
    uninterpreted_option::NamePart,
};
use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedMutRandom as _;

use super::values;

pub(super) fn pick<'a>(
    set: &'a mut FileDescriptorSet,
    random: &mut StdRng,
) -> Option<&'a mut FileDescriptorProto> {
    set.file.choose_mut(random)
}

pub(super) fn rename(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let known: Vec<_> = set.file.iter().map(|file| file.name().to_owned()).collect();
    let file = pick(set, random)?;
    if random.random() {
        file.name = values::name_of(&known, random);
    } else {
        file.package = values::name_of(&[], random);
    }
    Some(())
}

pub(super) fn repeat(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let mut copy = pick(set, random)?.clone();
    if random.random() {
        copy.name = Some(values::name(random));
    }
    let at = random.random_range(0..=set.file.len());
    set.file.insert(at, copy);
    Some(())
}

pub(super) fn remove(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let (a, b) = (
        random.random_range(0..set.file.len().max(1)),
        random.random_range(0..set.file.len().max(1)),
    );
    if random.random() {
        set.file.get(a)?;
        set.file.remove(a);
    } else {
        set.file.get(a.max(b))?;
        set.file.swap(a, b);
    }
    Some(())
}

pub(super) fn import(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let known: Vec<_> = set.file.iter().map(|file| file.name().to_owned()).collect();
    let file = pick(set, random)?;
    if random.random() {
        file.dependency.push(values::name_of(&known, random)?);
    } else {
        let at = random.random_range(0..file.dependency.len().max(1));
        file.dependency.get(at)?;
        file.dependency.remove(at);
    }
    Some(())
}

pub(super) fn pass_on(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let file = pick(set, random)?;
    let number = values::number(random);
    if random.random() { &mut file.public_dependency } else { &mut file.weak_dependency }
        .push(number);
    Some(())
}

pub(super) fn syntax(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let syntax = ["", "proto1", "proto2", "proto3", "proto4", "editions"];
    pick(set, random)?.syntax = Some(syntax[random.random_range(0..syntax.len())].to_owned());
    Some(())
}

pub(super) fn options(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let options = pick(set, random)?.options.get_or_insert_with(FileOptions::default);
    match random.random_range(0..3) {
        0 => options.optimize_for = Some(values::number(random)),
        1 => options.go_package = Some(values::name(random)),
        _ => options.uninterpreted_option.push(uninterpreted(random)),
    }
    Some(())
}

/// An option that is still to be resolved.
pub(super) fn uninterpreted(random: &mut StdRng) -> UninterpretedOption {
    let names = ["deprecated", "bodybroker.options.v1.method", ""];
    let part = |random: &mut StdRng| NamePart {
        name_part: if random.random() {
            values::name(random)
        } else {
            names[random.random_range(0..names.len())].to_owned()
        },
        is_extension: random.random(),
    };
    UninterpretedOption {
        name: (0..random.random_range(0..3)).map(|_| part(random)).collect(),
        identifier_value: random.random::<bool>().then(|| values::name(random)),
        positive_int_value: random.random::<bool>().then_some(u64::MAX),
        negative_int_value: random.random::<bool>().then_some(i64::MIN),
        double_value: random.random::<bool>().then_some(f64::NAN),
        string_value: random.random::<bool>().then(|| vec![0xff, 0]),
        aggregate_value: random.random::<bool>().then(|| values::name(random)),
    }
}
