//! Proto comments as Rust documentation: nothing in a comment becomes a test, a link or HTML.

use std::borrow::Cow;

use proc_macro2::TokenStream;
use quote::quote;

use crate::schema::IGNORE;

/// Makes doc attributes of a comment.
pub(crate) fn attributes(comment: &str) -> TokenStream {
    let lines = lines(comment);
    let lines =
        lines.iter().map(|line| if line.is_empty() { String::new() } else { format!(" {line}") });
    quote! { #(#[doc = #lines])* }
}

/// Joins the lines of a comment's first paragraph.
pub(crate) fn summary(comment: &str) -> String {
    let lines = comment.lines().map(str::trim).skip_while(|line| line.is_empty());
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Removes the space that every line of a comment begins with, so that text of our own can stand before it.
pub(crate) fn flush(comment: &str) -> String {
    trimmed(comment).join("\n")
}

/// Makes the lines of a comment safe for rustdoc, without the space that follows `///`.
pub(crate) fn lines(comment: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut block = Block::None;
    let mut blank_before = true;
    let said = trimmed(comment).into_iter();
    for line in said.filter(|line| !line.trim_start().starts_with(IGNORE)) {
        let line = line.trim_end();
        block = match block {
            Block::Fence(fence) if closes(line, fence) => Block::None,
            Block::Fence(fence) => Block::Fence(fence),
            Block::Indent if line.is_empty() || line.starts_with("    ") => Block::Indent,
            Block::Indent | Block::None => {
                close_indent(block, &mut out);
                open(line, blank_before, &mut out)
            }
        };
        blank_before = line.is_empty();
        out.push(written(line, block));
    }
    match block {
        Block::Fence(fence) => out.push(fence.to_string().repeat(3)),
        Block::Indent | Block::None => close_indent(block, &mut out),
    }
    out
}

/// What kind of code block a line is in.
#[derive(Clone, Copy, PartialEq)]
enum Block {
    None,
    Fence(char),
    Indent,
}

fn open(line: &str, blank_before: bool, out: &mut Vec<String>) -> Block {
    let start = line.trim_start();
    if let Some(fence) =
        ['`', '~'].into_iter().find(|mark| start.starts_with(&mark.to_string().repeat(3)))
    {
        return Block::Fence(fence);
    }
    if blank_before && line.starts_with("    ") {
        out.push("```text".to_owned());
        return Block::Indent;
    }
    Block::None
}

fn written(line: &str, block: Block) -> String {
    match block {
        // A fence's first line comes here too: whatever language it named, it is text now.
        Block::Fence(mark) if line.trim_start().starts_with(&mark.to_string().repeat(3)) => {
            format!("{}text", mark.to_string().repeat(3))
        }
        Block::Fence(_) => line.to_owned(),
        Block::Indent => line.strip_prefix("    ").unwrap_or(line).to_owned(),
        Block::None => escape(line).into_owned(),
    }
}

fn closes(line: &str, fence: char) -> bool {
    let line = line.trim();
    line.len() >= 3 && line.chars().all(|c| c == fence)
}

fn close_indent(block: Block, out: &mut Vec<String>) {
    if block != Block::Indent {
        return;
    }
    let blanks = out.iter().rev().take_while(|line| line.is_empty()).count();
    out.insert(out.len() - blanks, "```".to_owned());
}

/// Removes the space that every line begins with, blank lines at both ends, and what reverses reading direction.
fn trimmed(comment: &str) -> Vec<Cow<'_, str>> {
    let lines: Vec<_> = comment.lines().map(readable).collect();
    let indented = lines.iter().all(|line| line.is_empty() || line.starts_with(' '));
    let mut lines: Vec<Cow<'_, str>> = if indented {
        let inner = |line: Cow<'_, str>| line.strip_prefix(' ').unwrap_or(&line).to_owned();
        lines.into_iter().map(|line| Cow::Owned(inner(line))).collect()
    } else {
        lines
    };
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    let blanks = lines.iter().take_while(|line| line.trim().is_empty()).count();
    lines.split_off(blanks)
}

/// Drops control characters and those that change the direction of text, which `rustc` refuses in a comment.
fn readable(line: &str) -> Cow<'_, str> {
    let refused =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if line.contains(refused) {
        Cow::Owned(line.replace('\t', "    ").replace(refused, ""))
    } else {
        Cow::Borrowed(line)
    }
}

/// Escapes links, HTML and bare addresses outside inline code.
fn escape(line: &str) -> Cow<'_, str> {
    if !line.contains(['[', ']', '<', ':']) {
        return Cow::Borrowed(line);
    }
    let odd = line.matches('`').count() % 2 == 1;
    let parts: Vec<_> = line.split('`').collect();
    let last = parts.len() - 1;
    let escaped = parts.iter().enumerate().map(|(at, part)| {
        let code = at % 2 == 1 && !(odd && at == last);
        if code { (*part).to_owned() } else { escape_text(part) }
    });
    Cow::Owned(escaped.collect::<Vec<_>>().join("`"))
}

fn escape_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(address) = address(rest) {
            out.extend(["<", address, ">"]);
            rest = &rest[address.len()..];
            continue;
        }
        if matches!(c, '[' | ']' | '<') && !out.ends_with('\\') {
            out.push('\\');
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// The web address that a text begins with, without the punctuation of the sentence around it.
fn address(text: &str) -> Option<&str> {
    if !text.starts_with("http://") && !text.starts_with("https://") {
        return None;
    }
    let end = text
        .find(|c: char| c.is_whitespace() || matches!(c, ')' | '>' | '<' | ']' | '"'))
        .unwrap_or(text.len());
    Some(text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(comment: &str, expected: &[&str]) {
        assert_eq!(lines(comment), expected);
    }

    #[test]
    fn plain_text_stays() {
        check(" Finds an animal.\n\n It's fast.\n", &["Finds an animal.", "", "It's fast."]);
    }

    #[test]
    fn a_code_fence_is_text_whatever_it_says() {
        check(" ```\n panic!()\n ```\n", &["```text", "panic!()", "```"]);
        check(" ```rust,should_panic\n a\n ```\n b\n", &["```text", "a", "```", "b"]);
        check(" ~~~\n a\n ~~~\n", &["~~~text", "a", "~~~"]);
    }

    #[test]
    fn a_fence_left_open_is_closed() {
        check(" ```\n a\n", &["```text", "a", "```"]);
    }

    #[test]
    fn an_indented_block_is_fenced_as_text() {
        check(" a\n\n     b\n\n c\n", &["a", "", "```text", "b", "```", "", "c"]);
        check("     b\n", &["```text", "b", "```"]);
    }

    #[test]
    fn brackets_and_angles_are_no_links_and_no_html() {
        check(" [a] <T> `[b] <T>` \\[c]\n", &["\\[a\\] \\<T> `[b] <T>` \\[c\\]"]);
    }

    #[test]
    fn an_address_becomes_a_link() {
        check(" See https://example.com/a[b.\n", &["See <https://example.com/a[b>."]);
    }

    #[test]
    fn direction_overrides_are_dropped() {
        check(" a\u{202e}b\n", &["ab"]);
    }

    #[test]
    fn a_summary_is_the_first_paragraph() {
        assert_eq!(summary(" One\n two.\n\n Three.\n"), "One two.");
    }
}
