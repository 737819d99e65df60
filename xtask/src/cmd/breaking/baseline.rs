//! What the schemas were.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail, ensure};
use bodybroker_codegen::check::config::{Config, covers};
use bodybroker_codegen::check::format::Source;
use bodybroker_codegen::check::image::Image;
use bodybroker_codegen::check::violation::{Violation, of_findings};

use crate::cmd::judge::{self, Flags, Found, Input};
use crate::git;

/// The old schemas, or why they don't compile.
pub(super) type Compiled = Result<Image, Broken>;

/// The text of a file by its name.
type Text = Box<dyn Fn(&str) -> Option<String>>;

/// A baseline that doesn't compile.
pub(super) struct Broken {
    /// How it is called, such as `main:proto`.
    name: String,
    /// Folder that `buf` prints paths below; of a git ref it doesn't say the ref.
    folder: String,
    violations: Vec<Violation>,
    text: Text,
}

impl Broken {
    /// Prints what is wrong with it.
    pub(super) fn report(&self, flags: &Flags) -> Found {
        let Self { name, folder, violations, text } = self;
        let folder = if flags.is_text() { name } else { folder };
        let place = format!("the baseline {name}; it does not compile, so nothing was compared");
        flags.print(place, violations, &Source { folder, text })
    }
}

/// Reads the schemas that a baseline names.
pub(super) fn read(name: &str, input: &Input) -> anyhow::Result<Compiled> {
    if let Some((repository, choices)) = name.split_once('#') {
        return Choice::parse(choices)?.read(Path::new(repository), input);
    }
    let path = Path::new(name);
    if path.is_dir() {
        let config = Config::find(path)?;
        let folder = config.root.clone().unwrap_or_else(|| path.to_owned());
        let compiled = judge::compile(&Input { folder: folder.clone(), config })?;
        return Ok(compiled.map_err(|violations| Broken {
            name: folder.display().to_string(),
            folder: folder.display().to_string(),
            violations,
            text: Box::new(move |file| fs::read_to_string(folder.join(file)).ok()),
        }));
    }
    if path.is_file() {
        let bytes = fs::read(path).with_context(|| format!("{name} can't be read"))?;
        return match Image::of_descriptor_set(&bytes) {
            Ok(image) => Ok(Ok(image)),
            Err(findings) => bail!("{name}: {findings}"),
        };
    }
    let choice = Choice { reference: Some(name.to_owned()), subdir: None };
    choice.read(&input.folder, input)
}

/// A state of a repository.
#[derive(Debug, Default)]
struct Choice {
    reference: Option<String>,
    /// Folder of the schemas, from the root of the repository.
    subdir: Option<String>,
}

impl Choice {
    /// Reads what stands behind the `#`, as `buf` spells it.
    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut choice = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key {
                "branch" | "tag" | "ref" | "commit" => choice.reference = Some(value.to_owned()),
                "subdir" => choice.subdir = Some(value.trim_matches('/').to_owned()),
                // How to fetch; everything is here already.
                "depth" | "filter" | "recurse_submodules" | "format" => {}
                other => bail!("`{other}` is no choice; use branch, tag, ref, commit and subdir"),
            }
        }
        Ok(choice)
    }

    /// Reads the schemas out of a repository, without touching its files.
    fn read(&self, here: &Path, input: &Input) -> anyhow::Result<Compiled> {
        // In a work tree beside the first, `.git` is a file.
        let around = here.parent().filter(|_| here.is_file());
        let here = around.map_or(here, |it| if it == Path::new("") { Path::new(".") } else { it });
        let reference = self.reference.as_deref().unwrap_or("HEAD");
        let commit = git::commit(here, reference)
            .with_context(|| format!("there is no folder, file or git ref `{reference}`"))?;
        let subdir = match &self.subdir {
            Some(subdir) => subdir.clone(),
            None => inside(&input.folder)?,
        };
        let place = format!("{reference}:{subdir}");
        let prefix = if subdir.is_empty() { String::new() } else { format!("{subdir}/") };
        let mut list = vec!["ls-tree", "-r", "-z", "--full-tree", "--name-only", &commit];
        list.extend(Some(prefix.as_str()).filter(|prefix| !prefix.is_empty()));
        let listed = git::ask(here, &list)?;
        let excludes = &input.config.excludes;
        let names: Vec<_> = listed
            .split('\0')
            .filter(|name| Path::new(name).extension() == Some(OsStr::new("proto")))
            .filter_map(|name| name.strip_prefix(&prefix))
            .filter(|name| !excludes.iter().any(|path| covers(path, name)))
            .collect();
        ensure!(!names.is_empty(), "no `.proto` file in {place}");
        let objects: Vec<_> = names.iter().map(|name| format!("{commit}:{prefix}{name}")).collect();
        let objects = objects.join("\n") + "\n";
        let texts = contents(here, objects, names.len())
            .with_context(|| format!("{place} can't be read"))?;
        let files: BTreeMap<_, _> = names.into_iter().map(str::to_owned).zip(texts).collect();
        let findings = match Image::of_texts(files) {
            Ok(image) => return Ok(Ok(image)),
            Err(findings) => findings,
        };
        let Some(violations) = of_findings(&findings) else { bail!("{place}: {findings}") };
        let text = Box::new(move |file: &str| findings.text(file).map(str::to_owned));
        Ok(Err(Broken { name: place, folder: subdir, violations, text }))
    }
}

/// A folder from the root of its repository.
fn inside(folder: &Path) -> anyhow::Result<String> {
    let inside = git::ask(folder, &["rev-parse", "--show-prefix"])
        .with_context(|| format!("{} is in no repository; say `subdir=`", folder.display()))?;
    Ok(inside.trim_end_matches('/').to_owned())
}

/// The texts of objects, one name a line, from a single process.
fn contents(folder: &Path, objects: String, count: usize) -> anyhow::Result<Vec<String>> {
    let mut child = git::command(folder, &["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("git does not start")?;
    let mut stdin = child.stdin.take().context("git takes no input")?;
    // git answers while it still reads: who only writes and then only reads could wait for ever.
    let writer = std::thread::spawn(move || stdin.write_all(objects.as_bytes()));
    let mut output = Vec::new();
    child.stdout.take().context("git gives no output")?.read_to_end(&mut output)?;
    let written = writer.join().map_err(|_| anyhow::anyhow!("the writer to git panicked"))?;
    written.context("git stopped reading")?;
    ensure!(child.wait()?.success(), "git cat-file failed");
    let mut rest = output.as_slice();
    (0..count).map(|_| blob(&mut rest)).collect()
}

/// Takes one object off the output: a line that ends in its size, the object, a line break.
fn blob(rest: &mut &[u8]) -> anyhow::Result<String> {
    let stop = rest.iter().position(|byte| *byte == b'\n').context("git's answer is cut off")?;
    let head = String::from_utf8_lossy(&rest[..stop]).into_owned();
    let size = head.rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
    let size = size.with_context(|| format!("git says {head}"))?;
    let start = stop + 1;
    let bytes = rest.get(start..start + size).context("git's answer is cut off")?;
    let text = String::from_utf8(bytes.to_vec()).context("a schema is no text")?;
    *rest = rest.get(start + size + 1..).unwrap_or_default();
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(folder: &Path) -> Input {
        Input { folder: folder.to_owned(), config: Config::default() }
    }

    fn file(folder: &Path, text: &str) {
        fs::create_dir_all(folder.join("proto")).expect("a folder");
        fs::write(folder.join("proto/a.proto"), text).expect("a file");
    }

    #[test]
    fn a_ref_is_read_without_touching_the_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        file(root, "syntax = \"proto3\";\nmessage Old {}\n");
        let name = ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "old"];
        git::ask(root, &["init", "-q", "-b", "trunk"]).expect("a repository");
        git::ask(root, &["add", "-A"]).expect("a file");
        git::ask(root, &name).expect("a commit");
        file(root, "syntax = \"proto3\";\nmessage New {}\n");

        let here = input(&root.join("proto"));
        let buf = format!("{}#branch=trunk,subdir=proto", root.join(".git").display());
        for name in ["HEAD", "trunk", &buf] {
            let image = read(name, &here).expect("a baseline").ok().expect("it compiles");
            assert!(image.text("a.proto").is_some_and(|text| text.contains("Old")), "{name}");
        }
        let error = read("nowhere", &here).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("there is no folder, file or git ref `nowhere`"));
        let error = read(&buf.replace("trunk", "other"), &here).map(|_| ());
        assert!(error.is_err(), "a branch that is not there");
        assert!(Choice::parse("color=red").is_err());
    }
}
