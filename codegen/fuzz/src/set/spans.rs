//! Changes of where things are said to be.

use bodybroker_codegen::check::image::descriptor::FileDescriptorSet;
use bodybroker_codegen::check::image::descriptor::source_code_info::Location;
use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedMutRandom as _;

use super::{files, values};

pub(super) fn place(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let count = random.random_range(0..6);
    location(set, random)?.span = (0..count).map(|_| values::number(random)).collect();
    Some(())
}

pub(super) fn path(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let location = location(set, random)?;
    let number = values::number(random);
    match random.random_range(0..4) {
        0 => location.path.clear(),
        1 => location.path.push(number),
        2 => location.path.truncate(1),
        _ => *location.path.choose_mut(random)? = number,
    }
    Some(())
}

pub(super) fn forget(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    files::pick(set, random)?.source_code_info = None;
    Some(())
}

fn location<'a>(set: &'a mut FileDescriptorSet, random: &mut StdRng) -> Option<&'a mut Location> {
    let info = files::pick(set, random)?.source_code_info.get_or_insert_default();
    if info.location.is_empty() {
        info.location.push(Location { path: vec![4, 0], ..Location::default() });
    }
    info.location.choose_mut(random)
}
