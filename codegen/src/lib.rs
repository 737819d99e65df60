//! Reads annotated protobuf schemas, judges them, and writes typed NATS services.
//!
//! ```text
//! .proto -> Survey (what is written) -> rules (what is wrong) -> Model (what it means) -> Files
//! ```
//!
//! [`load`] reads a folder of schemas. It answers with a [`Schema`], or with [`Findings`]: every mistake of the whole
//! folder, each with its place, a caret and what to do about it. [`emit::emit`] makes files of a schema, in memory, and
//! [`apply::apply`] is all that writes.
//!
//! A workspace of another name calls it from a `build.rs` or an `xtask` of its own:
//!
//! ```no_run
//! use bodybroker_codegen::apply::{Mode, apply};
//! use bodybroker_codegen::emit::{Settings, emit};
//! use bodybroker_codegen::{Input, load};
//!
//! let schema = load(&Input::new("proto"))?;
//! let files = emit(&schema, &Settings::modules("crate::api"))?;
//! apply(&files, "src/api".as_ref(), Mode::Write)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod apply;
pub mod check;
pub mod diagnostic;
pub mod emit;
mod input;
pub mod schema;

pub use diagnostic::{Finding, Findings};
pub use input::Input;
pub use schema::Schema;

use std::collections::BTreeMap;

/// Reads, judges and resolves the schemas of a folder. All findings of one run come back together.
pub fn load(input: &Input) -> Result<Schema, Findings> {
    let sources = schema::read(&input.root)?;
    schema::resolve(input, sources)
}

/// Does the same for schemas in memory: names relative to the root, such as `acme/zoo/v1/zoo.proto`, and their text.
pub fn load_text(input: &Input, files: BTreeMap<String, String>) -> Result<Schema, Findings> {
    schema::resolve(input, files)
}
