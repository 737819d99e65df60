//! Schemas that inputs are made of.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bodybroker_codegen::check::image::Image;
use walkdir::WalkDir;

/// Texts by their names.
pub(crate) type Texts = BTreeMap<String, String>;

/// Schemas that compile, as texts and as a descriptor set with all options.
pub(crate) struct Base {
    pub(crate) texts: Texts,
    pub(crate) set: Vec<u8>,
}

/// Folders below the crate above this one, each read as one set of schemas.
const FOLDERS: [&str; 3] = ["tests/kitchen_sink/proto", "tests/zoo", "tests/it/lint_like_buf/zoo"];

/// Schemas of services that are bases of their own, with what they import.
const SERVICES: [&str; 3] = ["time_manager", "state_manager", "payment"];

/// Reads every base.
pub(crate) fn read() -> Vec<Base> {
    let codegen = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut list: Vec<Texts> = FOLDERS.iter().map(|folder| texts(&codegen.join(folder))).collect();
    let own = texts(&codegen.join("../proto"));
    for service in SERVICES {
        let needed = |name: &str| {
            ["google/", "common/", "options/", service].iter().any(|part| name.contains(part))
        };
        list.push(own.clone().into_iter().filter(|(name, _)| needed(name)).collect());
    }
    list.into_iter().filter_map(base).collect()
}

/// Compiles schemas.
pub(crate) fn base(texts: Texts) -> Option<Base> {
    let image = Image::of_texts(texts.clone()).ok()?;
    Some(Base { texts, set: image.pool().encode_to_vec() })
}

/// Reads every schema below a folder.
pub(crate) fn texts(root: &Path) -> Texts {
    let files = WalkDir::new(root).into_iter().flatten().filter(|it| it.file_type().is_file());
    let text = |path: &Path| {
        let name = path.strip_prefix(root).ok()?.to_string_lossy().replace('\\', "/");
        Some((name, fs::read_to_string(path).ok()?))
    };
    files.filter_map(|file| text(file.path())).collect()
}
