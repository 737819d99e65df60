//! What the rules of comments have in common.

use crate::check::lint::nodes::Node;
use crate::check::lint::report::Report;

/// Lines that say nothing to a reader.
const EXCLUDED: &str = "buf:lint:ignore";

/// Judges the comment before a thing. What isn't in the text, such as the parts of a map, needs none.
pub(super) fn judge<T, P>(node: &Node<'_, T, P>, word: &str, name: &str, report: &mut Report<'_>) {
    let Some(comment) = node.comment() else { return };
    let mut lines = comment.lines().map(str::trim);
    if !lines.any(|line| !line.is_empty() && !line.starts_with(EXCLUDED)) {
        let message = format!("{word} {name:?} should have a non-empty comment for documentation.");
        report.at(node.file, &node.path, message);
    }
}
