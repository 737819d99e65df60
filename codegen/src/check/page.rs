//! The manual page of a rule: the comment at the top of its file.

/// The page that a rule's file begins with.
pub(super) fn page(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// What the page says to do, in one line.
pub(super) fn fix(source: &str) -> String {
    let page = page(source);
    let (_, fix) = page.split_once("# Fix\n").unwrap_or_default();
    fix.split_whitespace().collect::<Vec<_>>().join(" ")
}
