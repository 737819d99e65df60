//! What only one value of a bucket may say, before and after.

use super::running::{Pair, Running};
use crate::schema::model::{Bucket, Index};

/// Buckets whose values stay: the new version reads those of the old one as what they are. That it doesn't is found by itself.
pub(super) fn buckets<'r>(running: &'r Running<'_>) -> impl Iterator<Item = Pair<'r, Bucket>> {
    running.buckets().into_iter().filter_map(|(old, new, service)| {
        let new = new?;
        let stay = new.read().any(|it| it == (old.version, &old.value));
        stay.then_some(Pair { old, new, service })
    })
}

/// Unique indexes of one declaration of a bucket whose entries the other doesn't have. What values say as another message is
/// something else, whatever its fields are called.
pub(super) fn only_in<'r>(one: &'r Bucket, other: &'r Bucket) -> impl Iterator<Item = &'r Index> {
    let is_there = move |index: &Index| {
        one.value == other.value && other.unique().any(|it| it.lies_like(index))
    };
    one.unique().filter(move |index| !is_there(index))
}
