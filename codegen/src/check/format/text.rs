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
    let before = usize::try_from(start_column).ok()?.checked_sub(1)?.min(shown.len());
    let until = if end_line == start_line {
        usize::try_from(end_column).ok()?.checked_sub(1)?
    } else {
        shown.len()
    };
    let carets = until.min(shown.len()).saturating_sub(before).max(1);
    // Tabs stay tabs, so that the caret stands where the eye expects it.
    let indent: String =
        shown.chars().take(before).map(|char| if char == '\t' { '\t' } else { ' ' }).collect();
    Some(format!("{start_line:>5} | {shown}\n      | {indent}{}\n", "^".repeat(carets)))
}
