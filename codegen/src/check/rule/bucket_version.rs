//! Keeps the versions of a bucket's values in a row.
//!
//! # Why
//! A value of an earlier version is read by steps, each from one version to the next: where one is missing in the middle, or
//! its message is unknown, there is no way up. Instances of the release before read the version before at most, so
//! nothing older has to be written for them.
//!
//! # Fix
//! Count versions from 1, list in `earlier` those that are still stored, the oldest first and up to the last but one, each with
//! its message, and let `writes` be the version or the one before.

use crate::check::near::near;
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::option::Bucket;
use crate::schema::survey::File;

pub(in crate::check) const RULE: Rule =
    Rule { id: "BUCKET_VERSION", source: include_str!("bucket_version.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (file, service, index, bucket) in context.survey.buckets() {
        let mut add = |path: &str, text: String, help: String| {
            let path = format!("buckets[{index}].{path}");
            let place = context.survey.option(&service.element, &path);
            findings.push(Finding::new(RULE.id, text, place).help(help));
        };
        let Bucket { name, version, earlier, writes, .. } = bucket;
        let version = version.unwrap_or(1);
        if version == 0 {
            add("version", "versions count from 1".to_owned(), "write at least 1".to_owned());
            continue;
        }
        for (at, (written, behind)) in earlier.iter().zip((0..earlier.len()).rev()).enumerate() {
            let behind = u32::try_from(behind).unwrap_or(u32::MAX);
            let due = version.checked_sub(1).and_then(|last| last.checked_sub(behind));
            match due.filter(|due| *due > 0) {
                Some(due) if written.version != due => add(
                    &format!("earlier[{at}].version"),
                    format!(
                        "bucket `{name}` has version {} where {due} is due before version {version}",
                        written.version
                    ),
                    "list versions in a row, the oldest first and up to the last but one"
                        .to_owned(),
                ),
                Some(_) => {}
                None => add(
                    &format!("earlier[{at}].version"),
                    format!("bucket `{name}` has more versions before {version} than there are"),
                    format!("raise `version`, or list those before {version}"),
                ),
            }
            if let Some((text, help)) = unknown(context, file, name, &written.value) {
                add(&format!("earlier[{at}].value"), text, help);
            }
        }
        let Some(writes) = *writes else { continue };
        let before = earlier.last().map(|it| it.version);
        if writes != version && Some(writes) != before {
            add(
                "writes",
                format!("bucket `{name}` can't be written in version {writes}"),
                before.map_or_else(
                    || format!("write {version}, or list the version before in `earlier`"),
                    |before| format!("write {version}, or {before} while instances run that read no later one"),
                ),
            );
        }
    }
}

/// What is wrong with the name of a message, and what to do, if there is none of that name.
fn unknown(
    context: &Context<'_>,
    file: &File,
    bucket: &str,
    value: &str,
) -> Option<(String, String)> {
    let survey = context.survey;
    if survey.find_message(&file.package, value).is_some() || !survey.complete {
        return None;
    }
    let text = format!("bucket `{bucket}` stored `{value}`, which is no message");
    let near = near(value, survey.messages.keys().map(String::as_str));
    let help = near.map_or_else(
        || "keep the message that was stored, for as long as it is".to_owned(),
        |name| format!("did you mean `{name}`?"),
    );
    Some((text, help))
}
