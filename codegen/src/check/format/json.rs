//! One JSON object a line.

use std::fmt::Write as _;

use super::Line;
use crate::check::violation::Span;

pub(super) fn render(lines: &[Line<'_>]) -> String {
    lines.iter().map(|line| object(line) + "\n").collect()
}

fn object(line: &Line<'_>) -> String {
    let Span { start_line, start_column, end_line, end_column } = line.place;
    let path = line.path.as_ref().map(|path| format!("\"path\":{},", string(path)));
    format!(
        "{{{}\"start_line\":{start_line},\"start_column\":{start_column},\"end_line\":{end_line},\
         \"end_column\":{end_column},\"type\":{},\"message\":{}}}",
        path.unwrap_or_default(),
        string(line.violation.rule),
        string(&line.violation.message),
    )
}

/// A JSON string as Go writes it: what would mean something to HTML is escaped as well.
pub(super) fn string(text: &str) -> String {
    let mut json = String::from("\"");
    for char in text.chars() {
        match char {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(json, "\\u{:04x}", u32::from(char));
            }
            char => json.push(char),
        }
    }
    json + "\""
}
