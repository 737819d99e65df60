//! Finds the `.proto` files of a folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::diagnostic::{Finding, Findings, Place};

/// Names a folder or file that can't be read.
const RULE: &str = "FILE_READABLE";

/// Reads every `.proto` file below a folder, by its name relative to it. Hidden files and folders are left out.
pub(crate) fn read(root: &Path) -> Result<BTreeMap<String, String>, Findings> {
    let mut files = BTreeMap::new();
    let mut findings = Vec::new();
    walk(root, "", &mut files, &mut findings);
    if files.is_empty() && findings.is_empty() {
        let message = "no `.proto` file in the folder of schemas";
        findings.push(
            Finding::new(RULE, message, Place::file("."))
                .help("put schemas there, or name another folder as the root"),
        );
    }
    if findings.is_empty() { Ok(files) } else { Err(Findings::new(findings, BTreeMap::new())) }
}

fn walk(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, String>,
    findings: &mut Vec<Finding>,
) {
    let mut refuse = |name: &str, error: std::io::Error| {
        let name = if name.is_empty() { "." } else { name };
        findings.push(Finding::new(RULE, format!("can't be read: {error}"), Place::file(name)));
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return refuse(prefix.trim_end_matches('/'), error),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = match entry {
            Ok(entry) => entry.path(),
            Err(error) => {
                refuse(prefix, error);
                continue;
            }
        };
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let full = format!("{prefix}{name}");
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            folders.push((path.clone(), format!("{full}/")));
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            match fs::read_to_string(&path) {
                Ok(text) => {
                    files.insert(full, text);
                }
                Err(error) => refuse(&full, error),
            }
        }
    }
    for (folder, prefix) in folders {
        walk(&folder, &prefix, files, findings);
    }
}
