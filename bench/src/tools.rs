//! Where the foreign programs are.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Finds a program in `.tools/bin` of the workspace or on the path.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let installed = root().join(".tools/bin").join(name);
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(installed)
        .chain(std::env::split_paths(&path).map(|dir| dir.join(name)))
        .find(|candidate| candidate.is_file())
        .with_context(|| format!("{name} is missing; run `cargo xtask tools`"))
}

/// Finds the Python that has `FastAPI` and uvicorn; `BENCH_PYTHON` names another one.
pub fn python() -> anyhow::Result<PathBuf> {
    let named = std::env::var_os("BENCH_PYTHON").map(PathBuf::from);
    let python = named.unwrap_or_else(|| root().join(".tools/venv/bin/python"));
    anyhow::ensure!(python.is_file(), "FastAPI is missing; run `cargo xtask tools`");
    Ok(python)
}

/// The source of `FastAPI`'s server.
#[must_use]
pub fn fastapi_app() -> PathBuf {
    root().join("bench/src/peer/fastapi_app.py")
}

fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}
