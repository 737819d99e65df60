//! Refuses descriptor sets whose entries of maps are none: a compiler writes them, so that whoever reads them asks no
//! more.

use prost_reflect::{DescriptorPool, MessageDescriptor};

/// Finds an entry without a key or a value.
pub(super) fn check(pool: &DescriptorPool) -> Result<(), String> {
    let whole = |entry: &MessageDescriptor| (1..=2).all(|number| entry.get_field(number).is_some());
    match pool.all_messages().find(|message| message.is_map_entry() && !whole(message)) {
        Some(entry) => Err(format!("`{}` is no entry of a map", entry.full_name())),
        None => Ok(()),
    }
}
