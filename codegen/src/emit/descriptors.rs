//! The descriptors of every schema, for calls that are put together at run time.

use super::{Context, Files, Layout};

pub(super) fn emit(context: &Context<'_>, files: &mut Files) {
    if let Layout::Crates { .. } = context.settings.layout {
        files.add("descriptors.binpb", context.schema.encoded());
    }
}
