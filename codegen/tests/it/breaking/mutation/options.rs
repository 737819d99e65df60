//! Changes of options, of files, fields, messages and methods.

use super::Dice;
use super::lines::{member, opens, starting};

const FILE_OPTIONS: &[&str] = &[
    "go_package = \"x/y\"",
    "java_package = \"x.y\"",
    "java_multiple_files = true",
    "java_outer_classname = \"Xy\"",
    "optimize_for = CODE_SIZE",
    "optimize_for = LITE_RUNTIME",
    "cc_enable_arenas = true",
    "cc_generic_services = true",
    "java_generic_services = true",
    "py_generic_services = false",
    "csharp_namespace = \"X.Y\"",
    "objc_class_prefix = \"XY\"",
    "swift_prefix = \"Xy\"",
    "php_class_prefix = \"Xy\"",
    "php_namespace = \"X\\\\Y\"",
    "php_metadata_namespace = \"X\\\\Y\\\\Z\"",
    "ruby_package = \"X::Y\"",
    "java_string_check_utf8 = true",
    "java_string_check_utf8 = false",
];

const FIELD_OPTIONS: &[&str] = &[
    "deprecated = true",
    "json_name = \"other\"",
    "jstype = JS_STRING",
    "jstype = JS_NUMBER",
    "ctype = CORD",
    "ctype = STRING_PIECE",
    "default = 7",
    "default = -2.5e-9",
    "default = 1e22",
    "default = \"text\"",
    "default = true",
    "default = nan",
    "default = KIND_FISH",
    "packed = false",
];

pub(super) fn field_option(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = member(lines, dice)?;
    let line = lines[at].clone();
    let (bare, options) = match line.split_once(" [") {
        Some((bare, options)) => (bare, options.trim_end_matches("];").to_owned()),
        None => (line.trim_end_matches(';'), String::new()),
    };
    let new = dice.of(FIELD_OPTIONS)?;
    lines[at] = match dice.below(3) {
        0 if !options.is_empty() => format!("{bare};"),
        1 if !options.is_empty() => format!("{bare} [{options}, {new}];"),
        _ => format!("{bare} [{new}];"),
    };
    Some(())
}

pub(super) fn file_option(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let new = dice.of(FILE_OPTIONS)?;
    let key = new.split(' ').next()?;
    lines.retain(|line| !line.starts_with(&format!("option {key} ")));
    let at = starting(lines, &["package "], dice)?;
    lines.insert(at + 1, format!("option {new};"));
    Some(())
}

pub(super) fn accessor(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = starting(lines, &["message "], dice)?;
    if lines.get(at + 1)?.contains("accessor") {
        lines.remove(at + 1);
    }
    if opens(&lines[at]) {
        lines.insert(at + 1, "option no_standard_descriptor_accessor = true;".to_owned());
    }
    Some(())
}

pub(super) fn level(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = starting(lines, &["rpc ", "option idempotency_level"], dice)?;
    let level = dice.of(&["NO_SIDE_EFFECTS", "IDEMPOTENT", "IDEMPOTENCY_UNKNOWN"])?;
    let option = format!("option idempotency_level = {level};");
    if lines[at].trim().starts_with("option") {
        lines[at] = option;
    } else if opens(&lines[at]) {
        lines.insert(at + 1, option);
    } else {
        lines[at] = format!("{} {{ {option} }}", lines[at].trim_end_matches(';'));
    }
    Some(())
}
