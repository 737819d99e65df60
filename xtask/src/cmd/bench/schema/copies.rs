//! Schemas in several copies, as they were and as they are.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use walkdir::WalkDir;

/// What both judge by.
const CONFIG: &str = "version: v2
lint:
  use: [STANDARD, COMMENTS]
  except: [PROTOVALIDATE]
breaking:
  use: [FILE]
";

/// A release's worth of changes, each a mistake: the file, its text today, what it was and what it is.
const CHANGES: [(&str, &str, &str, &str); 4] = [
    ("auth/v1/auth", "string username = 1;", "string username = 1;", "string userName = 1;"),
    ("quest/v1/quest", "string quest_id = 1;", "uint64 quest_id = 1;", "string quest_id = 1;"),
    ("payment/v1/payment", "\n// ", "\nmessage Gone {}\n\n// ", "\n// "),
    ("time_manager/v1/time_manager", "rpc Resume(", "rpc GoOn(", "rpc Resume("),
];

/// Writes `was` and `is`, each with every service's package several times under other names; says how many files and
/// lines each has. Only the first copy of each has changed.
pub(super) fn write(from: &Path, to: &Path, times: usize) -> anyhow::Result<(usize, usize)> {
    let entries = WalkDir::new(from).into_iter().collect::<Result<Vec<_>, _>>()?;
    let files: Vec<_> = entries.iter().filter(|entry| entry.file_type().is_file()).collect();
    let (mut count, mut lines) = (0, 0);
    for (side, is) in [("was", false), ("is", true)] {
        let folder = to.join(side);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("buf.yaml"), CONFIG)?;
        (count, lines) = (0, 0);
        for file in &files {
            let name = file.path().strip_prefix(from)?.to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(file.path())?;
            for (index, (name, mut text)) in copies(&name, &text, times).into_iter().enumerate() {
                if index == 0 {
                    text = changed(&name, text, is)?;
                }
                let path = folder.join(name);
                fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
                count += 1;
                lines += text.lines().count();
                fs::write(path, text)?;
            }
        }
    }
    Ok((count, lines))
}

/// A schema under several names. What others import stays one.
fn copies(name: &str, text: &str, times: usize) -> Vec<(String, String)> {
    let mut copies = vec![(name.to_owned(), text.to_owned())];
    let parts: Vec<_> = name.split('/').collect();
    let [top @ "bodybroker", package, ..] = parts[..] else { return copies };
    if ["common", "options"].contains(&package) {
        return copies;
    }
    for index in 1..times {
        let (old, new) = (format!("{top}/{package}/"), format!("{top}/{package}{index}/"));
        let line = format!("package {top}.{package}.");
        let text = text.replace(&line, &format!("package {top}.{package}{index}."));
        copies.push((name.replacen(&old, &new, 1), text));
    }
    copies
}

/// A schema as it was or as it is.
fn changed(name: &str, text: String, is: bool) -> anyhow::Result<String> {
    let change = CHANGES.iter().find(|(file, ..)| name.ends_with(&format!("{file}.proto")));
    let Some((_, today, old, new)) = change else { return Ok(text) };
    anyhow::ensure!(text.contains(today), "{name} has no `{today}` to change");
    Ok(text.replacen(today, if is { new } else { old }, 1))
}
