//! Makes an input that fails smaller, as long as it fails in the same way.

use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use bodybroker_codegen::check::image::descriptor::{DescriptorProto, FileDescriptorSet};
use prost::Message as _;

use crate::input::{Input, Schemas};
use crate::worker::replay;

/// What one input is worth.
const TIME: Duration = Duration::from_mins(1);

/// Takes out whatever isn't needed for the failure. The folder is for attempts.
pub(crate) fn shrink(mut best: Input, kind: &str, folder: &Path) -> anyhow::Result<Input> {
    let end = Instant::now() + TIME;
    let sides: [fn(&mut Input) -> &mut Schemas; 2] = [|it| &mut it.old, |it| &mut it.new];
    for side in sides {
        let mut size = without(side(&mut best), &(0..0)).1;
        // Large runs of pieces first.
        while size > 0 && Instant::now() < end {
            let mut at = 0;
            loop {
                let (smaller, pieces) = without(side(&mut best), &(at..at + size));
                if at >= pieces || Instant::now() >= end {
                    break;
                }
                let mut next = best.clone();
                *side(&mut next) = smaller;
                next.write(folder)?;
                if replay(folder)?.as_deref() == Some(kind) {
                    best = next;
                } else {
                    at += size;
                }
            }
            size /= 2;
        }
    }
    Ok(best)
}

/// One side without some of its pieces, and how many it has.
fn without(schemas: &Schemas, pieces: &Range<usize>) -> (Schemas, usize) {
    let mut count = 0;
    let mut keep = || {
        count += 1;
        !pieces.contains(&(count - 1))
    };
    let smaller = match schemas {
        Schemas::Texts(texts) => {
            let mut texts = texts.clone();
            texts.retain(|_, _| keep());
            for text in texts.values_mut() {
                *text = text.split_inclusive('\n').filter(|_| keep()).collect();
            }
            Schemas::Texts(texts)
        }
        Schemas::Set(bytes) => match FileDescriptorSet::decode(bytes.as_slice()) {
            Ok(mut set) => {
                elements(&mut set, &mut keep);
                Schemas::Set(set.encode_to_vec())
            }
            Err(_) => Schemas::Set(bytes.clone()),
        },
    };
    (smaller, count)
}

fn elements(set: &mut FileDescriptorSet, keep: &mut impl FnMut() -> bool) {
    set.file.retain(|_| keep());
    for file in &mut set.file {
        file.dependency.retain(|_| keep());
        file.source_code_info.take_if(|_| !keep());
        file.message_type.retain(|_| keep());
        file.enum_type.retain(|_| keep());
        file.service.retain(|_| keep());
        file.extension.retain(|_| keep());
        for service in &mut file.service {
            service.method.retain(|_| keep());
        }
        for message in &mut file.message_type {
            members(message, keep);
        }
    }
}

fn members(message: &mut DescriptorProto, keep: &mut impl FnMut() -> bool) {
    message.field.retain(|_| keep());
    message.extension.retain(|_| keep());
    message.nested_type.retain(|_| keep());
    message.enum_type.retain(|_| keep());
    for nested in &mut message.nested_type {
        members(nested, keep);
    }
}
