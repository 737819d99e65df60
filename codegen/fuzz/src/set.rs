//! Changes of descriptor sets, as bytes and as what they say.

mod files;
mod members;
mod spans;
mod values;

use bodybroker_codegen::check::image::descriptor::FileDescriptorSet;
use prost::Message as _;
use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

/// A change of what a set says.
type Change = fn(&mut FileDescriptorSet, &mut StdRng) -> Option<()>;

const CHANGES: &[Change] = &[
    files::rename,
    files::repeat,
    files::remove,
    files::import,
    files::pass_on,
    files::syntax,
    files::options,
    spans::place,
    spans::path,
    spans::forget,
    members::field_type,
    members::field_type,
    members::field_kind,
    members::field_kind,
    members::field_number,
    members::field_name,
    members::field_oneof,
    members::field_default,
    members::field_options,
    members::extension,
    members::method,
    members::message,
    members::message,
    members::entry,
    members::range,
    members::enumeration,
    members::enumeration,
];

/// Changes a set; bytes that are no set any more are only changed as bytes.
pub(crate) fn change(bytes: &mut Vec<u8>, random: &mut StdRng) {
    if random.random_ratio(1, 5) {
        return raw(bytes, random);
    }
    let Ok(mut set) = FileDescriptorSet::decode(bytes.as_slice()) else {
        return raw(bytes, random);
    };
    let change = CHANGES.choose(random).expect("there are changes");
    if change(&mut set, random).is_some() {
        *bytes = set.encode_to_vec();
    }
}

/// Changes bytes, which leaves the options of ours where they are.
fn raw(bytes: &mut Vec<u8>, random: &mut StdRng) {
    if bytes.is_empty() {
        return;
    }
    let at = random.random_range(0..bytes.len());
    match random.random_range(0..8) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, random.random()),
        2 => drop(bytes.remove(at)),
        _ => bytes[at] = random.random(),
    }
}
