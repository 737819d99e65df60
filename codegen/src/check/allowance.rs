//! Breaks that were agreed on: `breaking.yaml`, beside `buf.yaml` or in the folder of schemas.

mod file;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use time::Date;

use super::config::{Config, ConfigError};
use super::near::near;
use super::violation::Violation;

/// Name of the file.
const NAME: &str = "breaking.yaml";

/// What stands between a service and what it no longer uses in the name of an element. An entry that names the service
/// alone is about all of it.
pub(super) const USES: &str = " -> ";

/// Everything that was agreed on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowances {
    /// The file, if there is one.
    pub path: Option<PathBuf>,
    entries: Vec<Allowance>,
}

/// One thing that may break.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Allowance {
    /// Line of the entry, from 1.
    line: u64,
    rule: &'static str,
    element: String,
    reason: String,
    /// Those who have been told.
    told: Vec<String>,
    /// Last day on which it holds.
    until: Date,
}

/// What remains of some violations.
#[derive(Debug)]
pub struct Judgement {
    /// What was not agreed on.
    pub violations: Vec<Violation>,
    /// What has become of each entry that matters.
    pub notes: Vec<Note>,
}

/// What has become of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Line of the entry, from 1.
    pub line: u64,
    /// What it has done.
    pub effect: Effect,
    text: String,
}

/// What an entry does to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It spares a break.
    Spares,
    /// It would have, until its day was over.
    Expired,
    /// There is nothing that it could spare.
    Idle,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Allowances {
    /// Finds what was agreed on for the schemas of a folder; nothing if there is no file.
    pub fn find(folder: &Path, config: &Config, today: Date) -> Result<Self, ConfigError> {
        let home = config.path.as_deref().and_then(Path::parent).unwrap_or(folder);
        let path = home.join(NAME);
        if !path.is_file() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|error| ConfigError::new(format!("{}: {error}", path.display())))?;
        let entries = file::parse(&text, today).map_err(|errors| {
            let lines = errors.iter().map(|error| format!("{}: {error}", path.display()));
            ConfigError::new(lines.collect::<Vec<_>>().join("\n"))
        })?;
        Ok(Self { path: Some(path), entries })
    }

    /// Reads the text of a file; every mistake is in the error, one a line.
    pub fn parse(text: &str, today: Date) -> Result<Self, ConfigError> {
        let entries = file::parse(text, today);
        let entries = entries.map_err(|errors| ConfigError::new(errors.join("\n")))?;
        Ok(Self { path: None, entries })
    }

    /// Takes out what was agreed on. Of entries for a rule that is not among those that judged nothing is said.
    #[must_use]
    pub fn judge(
        &self,
        mut violations: Vec<Violation>,
        judged: &BTreeSet<&str>,
        today: Date,
    ) -> Judgement {
        let mut notes = Vec::new();
        for entry in self.entries.iter().filter(|it| judged.contains(it.rule)) {
            let effect = match violations.iter().any(|it| entry.covers(it)) {
                false => Effect::Idle,
                true if entry.until < today => Effect::Expired,
                true => Effect::Spares,
            };
            let text = entry.tell(effect, &violations);
            if effect == Effect::Spares {
                violations.retain(|it| !entry.covers(it));
            }
            notes.push(Note { line: entry.line, effect, text });
        }
        Judgement { violations, notes }
    }
}

impl Allowance {
    fn covers(&self, violation: &Violation) -> bool {
        let Some(element) = violation.element.as_deref().filter(|_| violation.rule == self.rule)
        else {
            return false;
        };
        let whole = element.split_once(USES).map(|(service, _)| service);
        element == self.element || whole == Some(&self.element)
    }

    fn tell(&self, effect: Effect, violations: &[Violation]) -> String {
        let Self { line: _, rule, element, reason, told, until } = self;
        match effect {
            Effect::Spares => {
                let told = if told.is_empty() {
                    String::new()
                } else {
                    format!(" (told: {})", told.join(", "))
                };
                format!("allowed until {until}: {rule} of {element}, because {reason}{told}")
            }
            Effect::Expired => format!(
                "expired on {until} and spares nothing: {rule} of {element}; undo the break, or agree on a later day"
            ),
            Effect::Idle => {
                let others = violations.iter().filter(|it| it.rule == *rule);
                let others = others.filter_map(|it| it.element.as_deref());
                let advice = near(element, others).map_or_else(
                    || "remove the entry".to_owned(),
                    |it| format!("remove the entry, or correct it if it means {it}"),
                );
                format!("matches nothing: {rule} of {element}; {advice}")
            }
        }
    }
}

#[cfg(test)]
mod tests;
