//! `cargo xtask new`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::{ui, workspace};

mod line;
mod name;

use name::Name;

/// Adds a service: its schema, its crate and its place in the fleet
///
/// What it writes compiles, runs and passes its test: one method that echoes. Begin by replacing that.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The service's name in kebab case, such as `market-stall`
    service: String,
}

const SCHEMA: &str = include_str!("../../templates/service/schema.proto");
const MANIFEST: &str = include_str!("../../templates/service/manifest.toml");
const LIBRARY: &str = include_str!("../../templates/service/lib.rs");
const TEST: &str = include_str!("../../templates/service/test.rs");

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let name = Name::parse(&args.service)?;
    // Everything is prepared before anything is written: a refusal leaves no traces.
    let files = prepare(&root, &name)?;
    super::r#gen::load(&root)?;
    rustfmt().arg("--version").output().context(NO_RUSTFMT)?;
    let before = Before::of(&root, &files);
    // A workspace that names a crate which wasn't generated runs no command, not even `gen`.
    if let Err(error) = write(&root, &files).and_then(|()| super::r#gen::write(&root)) {
        before.restore();
        return Err(error.context("the service was not added"));
    }
    for (path, _) in &files {
        ui::say(format!("wrote {}", path.display()));
    }
    format(&root, &files)?;
    let Name { kebab, package, .. } = &name;
    ui::say(format!(
        "\nDescribe the service in proto/bodybroker/{package}/v1/{package}.proto, run `cargo xtask gen`, and write it \
         in services/{kebab}/src/lib.rs.\nTry it: `cargo test -p {kebab}`, `cargo xtask up --services {kebab}`"
    ));
    Ok(())
}

fn write(root: &Path, files: &[(PathBuf, String)]) -> anyhow::Result<()> {
    for (path, text) in files {
        let path = root.join(path);
        let unwritable = || format!("{} can't be written", path.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(unwritable)?;
        }
        fs::write(&path, text).with_context(unwritable)?;
    }
    Ok(())
}

/// What was there before.
struct Before(Vec<(PathBuf, Option<String>)>);

impl Before {
    fn of(root: &Path, files: &[(PathBuf, String)]) -> Self {
        let paths = files.iter().map(|(path, _)| root.join(path));
        Self(paths.map(|path| (path.clone(), fs::read_to_string(path).ok())).collect())
    }

    /// Puts it back, as far as that can be done.
    fn restore(&self) {
        for (path, text) in &self.0 {
            if let Some(text) = text {
                let _ = fs::write(path, text);
                continue;
            }
            let _ = fs::remove_file(path);
            for folder in path.ancestors().skip(1) {
                // Those with something in them stay.
                if fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
    }
}

/// The files to write, new ones and changed ones.
fn prepare(root: &Path, name: &Name) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let Name { kebab, package, pascal } = name;
    let schema = PathBuf::from(format!("proto/bodybroker/{package}/v1/{package}.proto"));
    let service = PathBuf::from("services").join(kebab);
    let taken = [PathBuf::from("proto/bodybroker").join(package), service.clone()];
    for path in taken.iter().chain([&PathBuf::from(kebab)]) {
        anyhow::ensure!(
            !root.join(path).exists(),
            "{} is there already; choose another name",
            path.display()
        );
    }
    let read = |path: &str| {
        fs::read_to_string(root.join(path)).with_context(|| format!("{path} can't be read"))
    };

    let mut manifest = read("Cargo.toml")?;
    for key in [kebab.clone(), format!("bodybroker-{kebab}")] {
        let used =
            manifest.lines().any(|line| line.split(['=', '.', ' ']).next() == Some(key.as_str()));
        anyhow::ensure!(!used, "a crate is called `{key}` already; choose another name");
    }
    let generated = format!("bodybroker-{kebab} = {{ path = \"generated/rust/{package}\" }}");
    line::insert(&mut manifest, &generated, |line| line.contains("path = \"generated/rust/"))
        .context("Cargo.toml")?;
    let member = format!("{kebab} = {{ path = \"services/{kebab}\" }}");
    line::insert(&mut manifest, &member, |line| line.contains("path = \"services/"))
        .context("Cargo.toml")?;

    let fleet_manifest = "services/fleet/Cargo.toml";
    let mut fleet = read(fleet_manifest)?;
    for dependency in
        [format!("bodybroker-{kebab}.workspace = true"), format!("{kebab}.workspace = true")]
    {
        let is_dependency = |line: &str| line.ends_with(".workspace = true") && !is_inherited(line);
        line::insert(&mut fleet, &dependency, is_dependency).context(fleet_manifest)?;
    }

    let table_path = "services/fleet/src/services.rs";
    let mut table = read(table_path)?;
    let entry = format!(
        "    Entry {{ name: \"{kebab}\", spec: &bodybroker_{package}::v1::{package}_service::SPEC, \
         add: |host| host.service(\"{kebab}\", {package}::{pascal}::start) }},"
    );
    line::insert(&mut table, &entry, |line| line.trim_start().starts_with("Entry { name: \""))
        .context(table_path)?;

    Ok(vec![
        (schema, name.fill(SCHEMA)),
        (service.join("Cargo.toml"), name.fill(MANIFEST)),
        (service.join("src/lib.rs"), name.fill(LIBRARY)),
        (service.join("tests/it/main.rs"), name.fill(TEST)),
        ("Cargo.toml".into(), manifest),
        (fleet_manifest.into(), fleet),
        (table_path.into(), table),
    ])
}

/// Sorts the imports, whose order depends on the name.
fn format(root: &Path, files: &[(PathBuf, String)]) -> anyhow::Result<()> {
    let rust = files
        .iter()
        .map(|(path, _)| path)
        .filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let status = rustfmt().args(rust).current_dir(root).status().context(NO_RUSTFMT)?;
    anyhow::ensure!(status.success(), "rustfmt refuses what was written");
    Ok(())
}

fn rustfmt() -> Command {
    Command::new("rustfmt")
}

const NO_RUSTFMT: &str = "rustfmt does not start; install it with `rustup component add rustfmt`";

/// Whether a line of a manifest says something of the package rather than of a dependency.
fn is_inherited(line: &str) -> bool {
    ["version.", "edition.", "rust-version.", "license.", "publish."]
        .iter()
        .any(|key| line.starts_with(key))
}
