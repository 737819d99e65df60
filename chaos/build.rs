//! Generates the service that suffers, as one tree of modules.

use std::error::Error;
use std::path::PathBuf;

use bodybroker_codegen::apply::{Mode, apply};
use bodybroker_codegen::emit::{Settings, emit};
use bodybroker_codegen::{Input, load};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo names no folder")?);
    let schema = load(&Input::new("proto").strip_prefix("bodybroker"))?;
    let mut settings = Settings::modules("crate::api");
    settings.mock_feature = Some("mock".to_owned());
    apply(&emit(&schema, &settings)?, &out.join("api"), Mode::Write)?;
    Ok(())
}
