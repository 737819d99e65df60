//! Adds files to a pool that is as it was if that fails.

use prost_reflect::prost_types::{DescriptorProto, FileDescriptorProto};
use prost_reflect::{DescriptorError, DescriptorPool};

use crate::schema::guard::guarded;

/// Adds a file. An error without words is a panic.
pub(super) fn add(
    pool: &mut DescriptorPool,
    file: FileDescriptorProto,
) -> Result<(), Option<DescriptorError>> {
    let (before, extends) = (pool.files().len(), extends(&file));
    let result = guarded(|| pool.add_file_descriptor_proto(file));
    match result {
        Some(Ok(())) => Ok(()),
        // The pool takes back what it has of a file that failed, but for its extensions: later they point nowhere.
        Some(Err(error)) if !extends => Err(Some(error)),
        failed => {
            *pool = rebuilt(pool, before);
            Err(failed.and_then(Result::err))
        }
    }
}

/// The first files of a pool, in one that never had more.
fn rebuilt(pool: &DescriptorPool, files: usize) -> DescriptorPool {
    let mut fresh = DescriptorPool::new();
    let files = pool.files().take(files).map(|file| file.encode_to_vec());
    for file in files {
        // It was there before, and so was all that it imports.
        let _ = fresh.decode_file_descriptor_proto(file.as_slice());
    }
    fresh
}

fn extends(file: &FileDescriptorProto) -> bool {
    !file.extension.is_empty() || file.message_type.iter().any(extends_inside)
}

fn extends_inside(message: &DescriptorProto) -> bool {
    !message.extension.is_empty() || message.nested_type.iter().any(extends_inside)
}
