//! Lines in the form of Microsoft's compilers.

use super::Line;
use crate::check::violation::Span;

pub(super) fn render(lines: &[Line<'_>]) -> String {
    lines.iter().map(line).collect()
}

fn line(line: &Line<'_>) -> String {
    let Span { start_line, start_column, .. } = line.place;
    let (path, rule, message) = (line.shown(), line.violation.rule, &line.violation.message);
    format!("{path}({start_line},{start_column}) : error {rule} : {message}\n")
}
