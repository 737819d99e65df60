//! Text for people: the line of the schema with a caret, who is hurt, and the fix.

use std::fmt::Write as _;

use super::{Line, Source};
use crate::check::violation::Span;

/// Those who are hurt that are named; more are counted.
const HURT_MAX: usize = 8;

pub(super) fn render(lines: &[Line<'_>], source: &Source<'_>) -> String {
    let mut drawn = String::new();
    for line in lines {
        let _ = writeln!(drawn, "{} [{}]", line.short(), line.violation.rule);
        drawn.push_str(&excerpt(line, source).unwrap_or_default());
        if let Some(element) = &line.violation.element {
            let _ = writeln!(drawn, "    element: {element}");
        }
        let hurt = &line.violation.hurt;
        for one in hurt.iter().take(HURT_MAX) {
            let _ = writeln!(drawn, "      hurts: {one}");
        }
        if let Some(more) = hurt.len().checked_sub(HURT_MAX).filter(|more| *more > 0) {
            let _ = writeln!(drawn, "      hurts: and {more} more");
        }
        if let Some(help) = &line.violation.help {
            let _ = writeln!(drawn, "       help: {help}");
        }
    }
    drawn
}

/// The source line and a caret below what is meant.
fn excerpt(line: &Line<'_>, source: &Source<'_>) -> Option<String> {
    let Span { start_line, start_column, end_line, end_column } = line.violation.span?;
    let text = (source.text)(line.violation.file.as_deref()?)?;
    let shown = text.lines().nth(usize::try_from(start_line).ok()?.checked_sub(1)?)?.trim_end();
    // Columns count as a terminal does, so that tabs become what they stand for.
    let shown = expand(shown);
    let width = shown.chars().count();
    let before = usize::try_from(start_column).ok()?.checked_sub(1)?.min(width);
    let until = if end_line == start_line {
        usize::try_from(end_column).ok()?.checked_sub(1)?
    } else {
        width
    };
    let carets = until.min(width).saturating_sub(before).max(1);
    let indent = " ".repeat(before);
    Some(format!("{start_line:>5} | {shown}\n      | {indent}{}\n", "^".repeat(carets)))
}

/// Replaces tabs by blanks up to the next stop.
fn expand(line: &str) -> String {
    line.split_inclusive('\t').fold(String::new(), |mut shown, part| {
        shown.push_str(part.trim_end_matches('\t'));
        if part.ends_with('\t') {
            shown.push_str(&" ".repeat(4 - shown.chars().count() % 4));
        }
        shown
    })
}
