//! Generates `src/api` of this crate, as one tree of modules.

use std::error::Error;
use std::path::PathBuf;

use bodybroker_codegen::apply::{Mode, apply};
use bodybroker_codegen::emit::{Settings, emit};
use bodybroker_codegen::{Input, load};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let schema = load(&Input::new("proto").strip_prefix("acme"))?;
    let files = emit(&schema, &Settings::modules("crate::api"))?;
    apply(&files, &out.join("api"), Mode::Write)?;
    Ok(())
}
