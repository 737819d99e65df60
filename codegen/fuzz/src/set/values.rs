//! Values that nobody expects.

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

const NUMBERS: &[i32] = &[
    0,
    1,
    2,
    3,
    7,
    8,
    15,
    18,
    19,
    99,
    999,
    1000,
    19000,
    50000,
    536_870_911,
    536_870_912,
    -1,
    -2,
    i32::MAX,
    i32::MAX - 1,
    i32::MIN,
];

const NAMES: &[&str] = &[
    "",
    ".",
    "..",
    "a",
    "a.b",
    ".a",
    "a.",
    "a..b",
    "google.protobuf.Any",
    ".google.protobuf.Empty",
    "google.protobuf.FieldOptions",
    ".google.protobuf.DescriptorProto",
    "é",
    "🦁",
    "a b",
    "\0",
    "1",
    "../../x",
    "/",
    "x.proto",
    "google/protobuf/descriptor.proto",
    "key",
    "value",
    "__MissingMessage",
];

pub(super) fn number(random: &mut StdRng) -> i32 {
    if random.random_ratio(1, 8) { random.random() } else { *NUMBERS.choose(random).unwrap_or(&0) }
}

pub(super) fn name(random: &mut StdRng) -> String {
    NAMES.choose(random).copied().unwrap_or_default().to_owned()
}

/// A name, another one that is there already, or none.
pub(super) fn name_of(known: &[String], random: &mut StdRng) -> Option<String> {
    match random.random_range(0..8) {
        0 => None,
        1..4 => Some(name(random)),
        _ => known.choose(random).cloned(),
    }
}
