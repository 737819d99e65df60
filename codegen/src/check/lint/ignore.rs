//! Comments that spare a place and all that is inside from a rule: `// buf:lint:ignore RULE`.

use super::nodes::File;

const PREFIX: &str = "buf:lint:ignore ";

/// Tells whether a comment before the thing at a path, or before one that it is in, names the rule.
pub(super) fn spares(file: &File<'_>, path: &[i32], rule: &str) -> bool {
    around(path).any(|path| file.comment(path).is_some_and(|comment| names(comment, rule)))
}

/// A line names one rule, and words may follow it, even without a space: so does buf.
fn names(comment: &str, rule: &str) -> bool {
    comment
        .lines()
        .any(|line| line.trim().strip_prefix(PREFIX).is_some_and(|named| named.starts_with(rule)))
}

/// Paths of declarations around the thing at a path, itself included.
fn around(path: &[i32]) -> impl Iterator<Item = &[i32]> {
    let declarations = (1..=path.len() / 2).map(|steps| &path[..steps * 2]);
    // All `extend` blocks of a file or message share the path of the list of extensions.
    let blocks = (1..=path.len())
        .step_by(2)
        .filter(|&end| path[end - 1] == if end == 1 { 7 } else { 6 })
        .map(|end| &path[..end]);
    let whole = matches!(path, [2 | 12] | [8, ..] | [.., 3, 2]).then_some(path);
    declarations.chain(blocks).chain(whole)
}
