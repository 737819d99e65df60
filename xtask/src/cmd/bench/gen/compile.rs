//! How long generated code takes to compile, from scratch and after an edit of one schema.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::run::Generator;
use crate::ui;
use crate::workspace::cargo;

/// The schema that is edited: a service's, which nothing but the services around it uses.
const EDITED: &str = "proto/bodybroker/weather_manager/v1/weather_manager.proto";

/// What was measured.
pub(super) struct Times {
    /// Everything below generated code.
    pub(super) dependencies: Duration,
    /// Generated code itself, all of it.
    pub(super) scratch: Duration,
    /// Generation and compilation after the edit.
    pub(super) edit: Duration,
    /// The schema that was edited.
    pub(super) edited: &'static str,
    /// Crates that were compiled again for it.
    pub(super) rebuilt: Vec<String>,
}

/// Compiles in a copy of the workspace, into a folder of its own.
pub(super) fn measure(copy: &Path, generator: &Generator) -> anyhow::Result<Times> {
    let crates = generated(copy)?;
    ui::note("compiling dependencies and runtime");
    let (dependencies, _) = build(copy, &BTreeSet::from(["bodybroker-runtime".to_owned()]))?;
    ui::note("compiling generated/");
    let (scratch, _) = build(copy, &crates)?;

    let schema = copy.join(EDITED);
    let text = fs::read_to_string(&schema).with_context(|| format!("{EDITED} can't be read"))?;
    let at = text.find("\nmessage ").context("the schema has no message")?;
    let edited = format!("{}\n// Says so in one more line.{}", &text[..at], &text[at..]);
    fs::write(&schema, edited)?;
    ui::note("compiling after an edit");
    let generated = generator.once()?;
    let (compiled, rebuilt) = build(copy, &crates)?;
    Ok(Times { dependencies, scratch, edit: generated + compiled, edited: EDITED, rebuilt })
}

/// Names of the generated crates.
fn generated(root: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(root.join("generated/rust")).context("nothing is generated")? {
        let manifest = entry?.path().join("Cargo.toml");
        if let Ok(text) = fs::read_to_string(&manifest) {
            let name = text.lines().find_map(|line| line.strip_prefix("name = \""));
            names.extend(name.and_then(|name| name.strip_suffix('"')).map(str::to_owned));
        }
    }
    anyhow::ensure!(!names.is_empty(), "nothing is generated; run `cargo xtask gen`");
    Ok(names)
}

/// Builds crates; says how long it took and which of the workspace were compiled.
fn build(root: &Path, crates: &BTreeSet<String>) -> anyhow::Result<(Duration, Vec<String>)> {
    let mut command = cargo(root);
    command.arg("build").args(crates.iter().flat_map(|name| ["--package", name.as_str()]));
    // A shared cache of compilations would answer instead of the compiler.
    command.env("CARGO_TARGET_DIR", root.join("target")).env("RUSTC_WRAPPER", "");
    let started = Instant::now();
    let output = command.stdout(Stdio::null()).output().context("cargo doesn't start")?;
    let time = started.elapsed();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    anyhow::ensure!(output.status.success(), "generated code doesn't compile: {words}");
    let compiled = words.lines().filter_map(|line| line.trim_start().strip_prefix("Compiling "));
    let names = compiled.filter_map(|rest| rest.split(' ').next()).map(str::to_owned);
    Ok((time, names.filter(|name| crates.contains(name)).collect()))
}
