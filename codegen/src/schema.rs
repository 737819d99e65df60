//! From `.proto` files to a [`Model`]. The only place that knows protox and prost-reflect.

mod build;
mod carried;
mod compile;
pub(crate) mod duration;
mod guard;
mod hash;
pub(crate) mod ident;
pub mod image;
mod locate;
pub mod model;
pub(crate) mod option;
mod print;
mod read;
pub(crate) mod route;
mod scan;
pub(crate) mod survey;
pub(crate) mod template;

use std::collections::BTreeMap;
use std::sync::Arc;

use prost::Message as _;
use prost_reflect::prost_types::FileDescriptorSet;
use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage as _, Value};

use crate::check;
use crate::diagnostic::Findings;
use crate::input::Input;

use model::Model;
use survey::Survey;

pub(crate) use build::{follow, index_scalar, parameter, route_of, scalar, shape};
pub(crate) use guard::guarded;
pub(crate) use locate::IGNORE;
pub use print::print;
pub(crate) use read::read;

/// What a folder of schemas says, free of mistakes.
#[derive(Debug, Clone)]
pub struct Schema {
    /// Everything that generators write from.
    pub model: Model,
    /// Every file and everything it imports, with options.
    pub pool: DescriptorPool,
    /// What is written, and where.
    pub(crate) survey: Arc<Survey>,
}

impl Schema {
    /// The plain descriptors of every file and everything it imports, comments included, for tools that work on
    /// messages. Custom options are lost in this form.
    #[must_use]
    pub fn descriptor_set(&self) -> FileDescriptorSet {
        FileDescriptorSet { file: self.pool.file_descriptor_protos().cloned().collect() }
    }

    /// The encoded descriptors of every file and everything it imports, with options, without comments.
    #[must_use]
    pub fn encoded(&self) -> Vec<u8> {
        let files = self.pool.files().filter_map(|file| {
            let descriptor = file.file_descriptor_proto().descriptor();
            // What was just encoded decodes.
            let bytes = file.encode_to_vec();
            let mut message = DynamicMessage::decode(descriptor, bytes.as_slice()).ok()?;
            message.clear_field_by_name("source_code_info");
            Some(Value::Message(message))
        });
        let files = Value::List(files.collect());
        let mut set = FileDescriptorSet::default().transcode_to_dynamic();
        set.set_field_by_name("file", files);
        set.encode_to_vec()
    }
}

/// Compiles, surveys and judges, and resolves what is written into a model.
pub(crate) fn resolve(input: &Input, files: BTreeMap<String, String>) -> Result<Schema, Findings> {
    let compile::Compiled { pool, sources, mut findings, complete, lost } = compile::compile(files);
    let survey = Survey::new(input, &pool, &sources, complete);
    let model = build::build(input, &survey);
    let judged = check::check(&survey, &model);
    findings.extend(judged.into_iter().filter(|it| !lost.iter().any(|place| it.is_at(place))));
    if findings.is_empty() {
        return Ok(Schema { model, pool, survey: Arc::new(survey) });
    }
    Err(Findings::new(findings, sources.into_texts()))
}
