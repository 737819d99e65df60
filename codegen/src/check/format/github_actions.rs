//! Workflow commands: GitHub shows each beside the line of the pull request.

use super::Line;
use crate::check::violation::Span;

pub(super) fn render(lines: &[Line<'_>]) -> String {
    lines.iter().map(command).collect()
}

fn command(line: &Line<'_>) -> String {
    let Span { start_line, start_column, end_line, end_column } = line.place;
    let path = line.shown();
    let place = match (&line.path, line.violation.span) {
        (None, _) => String::new(),
        (Some(_), _) => format!(
            ",line={start_line},col={start_column},endLine={end_line},endColumn={end_column}"
        ),
    };
    format!("::error file={path}{place}::{}\n", line.violation.message)
}
