//! Refuses editions by name: the parser can't read them, and its own message doesn't say so.

use crate::diagnostic::{Finding, Place};
use crate::schema::scan::{Kind, Tokens};

/// Finds an `edition` statement at the start of a file.
pub(super) fn refuse(name: &str, text: &str) -> Option<Finding> {
    let mut tokens = Tokens::new(text, 0..text.len());
    let first = tokens.next()?;
    let second = tokens.next()?;
    if first.kind != Kind::Word || &text[first.span.clone()] != "edition" {
        return None;
    }
    if &text[second.span] != "=" {
        return None;
    }
    let end = tokens.next().map_or(first.span.end, |value| value.span.end);
    let place = Place { file: name.to_owned(), span: first.span.start..end };
    let finding = Finding::new("SYNTAX", "editions are not supported yet", place);
    Some(finding.label("this edition").help("use `syntax = \"proto3\";`"))
}
