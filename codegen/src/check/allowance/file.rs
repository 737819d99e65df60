//! The file as it is written.

use serde::Deserialize;
use serde_saphyr::Spanned;
use time::Date;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::{Allowance, USES};
use crate::check::breaking::{CATEGORIES, RULES};
use crate::check::config::first_line;
use crate::check::near::near;

/// Days ahead that an entry may hold: what is to last longer is no exception, but a rule to leave out.
const DAYS_MAX: i64 = 366;

/// How a day is written.
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// A whole `breaking.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    allow: Option<Vec<Spanned<Entry>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: Spanned<String>,
    element: Spanned<String>,
    reason: Spanned<String>,
    #[serde(default)]
    told: Vec<String>,
    until: Spanned<String>,
}

/// Reads the entries, or says what is wrong with them, each with its line.
pub(super) fn parse(text: &str, today: Date) -> Result<Vec<Allowance>, Vec<String>> {
    // Whose last entry is removed leaves nothing behind, or a comment.
    let file: Option<File> =
        serde_saphyr::from_str(text).map_err(|error| vec![first_line(&error)])?;
    let mut entries: Vec<Allowance> = Vec::new();
    let mut errors = Vec::new();
    for entry in file.and_then(|file| file.allow).unwrap_or_default() {
        let line = entry.referenced.line();
        let Entry { rule, element, reason, told, until } = entry.value;
        let mut wrong = |line: u64, error: String| errors.push(format!("line {line}: {error}"));
        let known = find_rule(&rule.value).map_err(|it| wrong(rule.referenced.line(), it));
        if let Err(error) = check_element(&element.value) {
            wrong(element.referenced.line(), error);
        }
        let day = parse_day(&until.value, today);
        let day = day.map_err(|it| wrong(until.referenced.line(), it));
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let told = told.iter().map(|it| one_line(it)).collect();
        let (element, because) = (element.value, one_line(&reason.value));
        if because.is_empty() {
            let error =
                "`reason` is empty; say why this may break, and who checked that nobody minds";
            wrong(reason.referenced.line(), error.to_owned());
        }
        let (Ok(rule), Ok(until)) = (known, day) else { continue };
        if let Some(twin) = entries.iter().find(|it| it.rule == rule && it.element == element) {
            wrong(line, format!("is the same as the entry in line {}; keep one", twin.line));
        }
        entries.push(Allowance { line, rule, element, reason: because, told, until });
    }
    if errors.is_empty() { Ok(entries) } else { Err(errors) }
}

fn find_rule(name: &str) -> Result<&'static str, String> {
    if let Some(rule) = RULES.iter().find(|rule| rule.id == name) {
        return Ok(rule.id);
    }
    if CATEGORIES.contains(&name) {
        return Err(format!("`{name}` is a category; name the one rule that is broken"));
    }
    let meant = near(name, RULES.iter().map(|rule| rule.id));
    let meant = meant.map(|it| format!("; did you mean `{it}`?")).unwrap_or_default();
    Err(format!("there is no rule `{name}`{meant}"))
}

/// An element is one name: who could write a pattern would soon allow everything.
fn check_element(name: &str) -> Result<(), String> {
    let legal = |it: char| it.is_ascii_alphanumeric() || "_-./".contains(it);
    let one =
        |name: &str| name.split(['.', '/']).all(|part| !part.is_empty()) && name.chars().all(legal);
    let (name, used) = name.split_once(USES).unwrap_or((name, name));
    if one(name) && one(used) {
        return Ok(());
    }
    Err(format!(
        "`{name}` is no name; write the one element that the finding names, such as `acme.zoo.v1.Cage.code`"
    ))
}

fn parse_day(text: &str, today: Date) -> Result<Date, String> {
    let day = Date::parse(text, DAY)
        .map_err(|_| format!("`{text}` is no day; write the last one as `2026-12-31`"))?;
    if (day - today).whole_days() > DAYS_MAX {
        return Err(format!("{day} is more than a year away; choose an earlier day"));
    }
    Ok(day)
}
