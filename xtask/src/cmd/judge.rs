//! What `lint` and `breaking` have in common: flags, the choice of rules, what is printed and the exit code.

use std::fmt;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bodybroker_codegen::check::allowance::{Effect, Note};
use bodybroker_codegen::check::config::{Config, Selection};
use bodybroker_codegen::check::format::{FORMATS, Format, Source, render};
use bodybroker_codegen::check::image::Image;
use bodybroker_codegen::check::violation::{Violation, of_findings};

use crate::{ui, workspace};

/// Exit code of a run that found something, as buf has it.
pub(crate) const FOUND: u8 = 100;

/// Flags of every command that judges schemas.
#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// Folder of the schemas; imports are relative to it. Default: `proto/` of the workspace
    #[arg(long, value_name = "DIR")]
    input: Option<PathBuf>,
    /// Judge by these categories alone, whatever `buf.yaml` says
    #[arg(long, value_name = "CATEGORY,..", value_delimiter = ',')]
    category: Vec<String>,
    /// Judge by these rules alone, whatever `buf.yaml` says
    #[arg(long = "use", value_name = "RULE,..", value_delimiter = ',')]
    use_: Vec<String>,
    /// Don't judge by these rules
    #[arg(long, value_name = "RULE,..", value_delimiter = ',')]
    except: Vec<String>,
    /// How findings are printed
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = format)]
    error_format: Format,
    /// Print what a rule keeps, why, and what to do, and stop
    #[arg(long, value_name = "RULE", conflicts_with = "list")]
    explain: Option<String>,
    /// Print the names and categories of all rules, and stop
    #[arg(long)]
    list: bool,
}

/// A rule, as it is listed and explained.
pub(crate) struct Entry {
    /// Name.
    pub(crate) id: &'static str,
    /// Categories that it is in.
    pub(crate) categories: &'static [&'static str],
    /// Whether it judges where nobody has chosen.
    pub(crate) default: bool,
    /// Manual page.
    pub(crate) page: String,
}

/// Something was found: the run did what it should, and yet it fails.
#[derive(Debug)]
pub(crate) struct Found {
    count: usize,
    place: String,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, place } = self;
        let noun = if *count == 1 { "finding" } else { "findings" };
        write!(f, "{count} {noun} in {place}")
    }
}

impl std::error::Error for Found {}

/// Schemas that are to be judged.
pub(crate) struct Input {
    /// Folder as it was typed, or a path from the current folder.
    pub(crate) folder: PathBuf,
    /// What `buf.yaml` says, with what was typed on top.
    pub(crate) config: Config,
}

impl Flags {
    /// Lists or explains rules if that is what was asked for; tells whether it was.
    pub(crate) fn answer(&self, rules: &[Entry]) -> anyhow::Result<bool> {
        if let Some(name) = &self.explain {
            let rule = rules.iter().find(|rule| rule.id.eq_ignore_ascii_case(name));
            let rule = rule.with_context(|| format!("there is no rule {name}; see `--list`"))?;
            ui::say(ui::bold(rule.id));
            ui::say(rule.page.trim_end());
        } else if self.list {
            let mut table = ui::table(["rule", "categories", "default"]);
            for rule in rules {
                let default = if rule.default { "yes" } else { "" };
                table.add_row([rule.id, &rule.categories.join(", "), default]);
            }
            ui::say(table);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Finds the schemas and what is chosen for them; `selection` is the part of this command.
    pub(crate) fn input(
        &self,
        selection: fn(&mut Config) -> &mut Selection,
    ) -> anyhow::Result<Input> {
        let folder = match &self.input {
            Some(folder) => folder.clone(),
            None => from_here(&workspace::root()?.join("proto")),
        };
        let mut config = Config::find(&folder)?;
        let selection = selection(&mut config);
        let chosen = !(self.category.is_empty() && self.use_.is_empty());
        if chosen {
            selection.use_ = [&self.category[..], &self.use_[..]].concat();
            selection.except.clear();
        }
        // What a team has chosen of buf's rules says nothing of ours, which buf.yaml can't name.
        if !chosen && !selection.use_.is_empty() {
            selection.use_.push("NATS".to_owned());
        }
        selection.except.extend(self.except.iter().cloned());
        let folder = config.root.as_deref().map_or(folder, from_here);
        Ok(Input { folder, config })
    }

    /// Says what the entries of a `breaking.yaml` have done. It is no part of the report, whose form is buf's.
    pub(crate) fn tell(&self, path: &Path, notes: &[Note]) {
        for note in notes {
            ui::note(match self.error_format {
                Format::GithubActions => command(path, note),
                Format::Text
                | Format::Json
                | Format::Junit
                | Format::Msvs
                | Format::GitlabCodeQuality => {
                    format!("{}:{}: {note}", path.display(), note.line)
                }
            });
        }
    }

    /// Prints what was found.
    pub(crate) fn report(&self, input: &Input, violations: &[Violation]) -> anyhow::Result<()> {
        let folder = input.folder.to_string_lossy();
        if violations.is_empty() {
            if self.is_text() && std::io::stderr().is_terminal() {
                ui::note(format!("{folder}: nothing found"));
            }
            return Ok(());
        }
        let text = |file: &str| std::fs::read_to_string(input.folder.join(file)).ok();
        let source = Source { folder: &folder, text: &text };
        Err(self.print("the schemas", violations, &source).into())
    }

    /// Prints violations that were found in a place.
    pub(crate) fn print(
        &self,
        place: impl Into<String>,
        violations: &[Violation],
        source: &Source<'_>,
    ) -> Found {
        ui::say(render(self.error_format, violations, source).trim_end());
        Found { count: violations.len(), place: place.into() }
    }

    /// Tells whether people read what is printed.
    pub(crate) fn is_text(&self) -> bool {
        self.error_format == Format::Text
    }
}

/// What an entry has done, as a note beside its line on GitHub.
fn command(path: &Path, note: &Note) -> String {
    let kind = match note.effect {
        Effect::Spares | Effect::Idle => "notice",
        Effect::Expired => "warning",
    };
    // In a command, `%` begins an escape.
    let text = note.to_string().replace('%', "%25");
    format!("::{kind} file={},line={}::{text}", path.display(), note.line)
}

/// Compiles schemas; what doesn't compile is a finding, what can't be read is none.
pub(crate) fn compile(input: &Input) -> anyhow::Result<Result<Image, Vec<Violation>>> {
    match Image::read_without(&input.folder, &input.config.excludes) {
        Ok(image) => Ok(Ok(image)),
        Err(findings) => match of_findings(&findings) {
            Some(violations) => Ok(Err(violations)),
            None => Err(anyhow::anyhow!("{}: {findings}", input.folder.display())),
        },
    }
}

/// Leaves memory to the end of the process: to give back every descriptor one by one takes a tenth of the time.
pub(crate) fn leave<T>(images: T) {
    std::mem::forget(images);
}

fn format(name: &str) -> Result<Format, String> {
    let found = FORMATS.iter().find(|(format, _)| *format == name).map(|(_, format)| *format);
    let names: Vec<_> = FORMATS.iter().map(|(name, _)| *name).collect();
    found.ok_or_else(|| format!("one of {}", names.join(", ")))
}

/// A path as one would type it here.
pub(crate) fn from_here(path: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(std::fs::canonicalize);
    let full = std::fs::canonicalize(path);
    match (here, full) {
        (Ok(here), Ok(full)) => match full.strip_prefix(&here) {
            Ok(inside) => inside.to_owned(),
            Err(_) => path.to_owned(),
        },
        _ => path.to_owned(),
    }
}
