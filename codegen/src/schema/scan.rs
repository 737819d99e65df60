//! Reads just enough of a schema's text to point inside an option: descriptors say where an option is, but nothing
//! about what stands between its braces.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name, a number, or any run of characters that is neither of the others.
    Word,
    /// A string in quotes.
    Text,
    /// One character of punctuation.
    Mark(u8),
}

/// A token and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Range<usize>,
}

/// Goes through the tokens of a range; comments and white space are skipped.
#[derive(Debug, Clone)]
pub(crate) struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(text: &'a str, span: Range<usize>) -> Self {
        Self { bytes: &text.as_bytes()[..span.end.min(text.len())], at: span.start }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn skip_space(&mut self) {
        while self.at < self.bytes.len() {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'/') | (b'#', _) => self.skip_past(b"\n"),
                (b'/', b'*') => {
                    self.at += 2;
                    self.skip_past(b"*/");
                }
                (byte, _) if byte.is_ascii_whitespace() => self.at += 1,
                // A mark of the byte order, which an editor may leave at the start.
                (0xEF, 0xBB) if self.peek(2) == 0xBF => self.at += 3,
                _ => return,
            }
        }
    }

    fn skip_past(&mut self, end: &[u8]) {
        let rest = &self.bytes[self.at.min(self.bytes.len())..];
        let found = rest.windows(end.len()).position(|window| window == end);
        self.at = found.map_or(self.bytes.len(), |found| self.at + found + end.len());
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip_space();
        let start = self.at;
        let first = *self.bytes.get(start)?;
        let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-+".contains(&byte) || byte > 127;
        self.at += 1;
        let kind = match first {
            b'"' | b'\'' => {
                while self.at < self.bytes.len() && self.peek(0) != first && self.peek(0) != b'\n' {
                    self.at += if self.peek(0) == b'\\' { 2 } else { 1 };
                }
                self.at = (self.at + 1).min(self.bytes.len());
                Kind::Text
            }
            byte if word(byte) => {
                while self.at < self.bytes.len() && word(self.peek(0)) {
                    self.at += 1;
                }
                Kind::Word
            }
            byte => Kind::Mark(byte),
        };
        Some(Token { kind, span: start..self.at })
    }
}

/// One step into a value: a field, or one element of a repeated field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    Field(&'a str),
    Index(usize),
}

/// Reads `buckets[0].ttl` into steps.
pub(crate) fn steps(path: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let (name, index) = part.split_once('[').unwrap_or((part, ""));
        steps.push(Step::Field(name));
        if let Ok(index) = index.trim_end_matches(']').parse() {
            steps.push(Step::Index(index));
        }
    }
    steps
}

/// Finds a value inside an option that is written as `option (..) = { .. };`, given the range of the whole option.
/// Answers with the deepest value that the steps lead to.
pub(crate) fn find(text: &str, span: Range<usize>, steps: &[Step<'_>]) -> Option<Range<usize>> {
    let mut tokens = Tokens::new(text, span);
    tokens.find(|token| token.kind == Kind::Mark(b'='))?;
    let value = value(&mut tokens)?;
    enter(text, value, steps)
}

/// The range of the next value: a block with its braces, strings that stand side by side, or a word.
fn value(tokens: &mut Tokens<'_>) -> Option<Range<usize>> {
    let first = tokens.next()?;
    let mut end = first.span.end;
    match first.kind {
        Kind::Mark(b'{' | b'<' | b'[') => {
            let mut depth = 1_usize;
            while depth > 0 {
                let Some(token) = tokens.next() else { break };
                match token.kind {
                    Kind::Mark(b'{' | b'<' | b'[') => depth += 1,
                    Kind::Mark(b'}' | b'>' | b']') => depth -= 1,
                    Kind::Mark(_) | Kind::Word | Kind::Text => {}
                }
                end = token.span.end;
            }
        }
        Kind::Text => loop {
            let mut ahead = tokens.clone();
            match ahead.next() {
                Some(token) if token.kind == Kind::Text => {
                    end = token.span.end;
                    *tokens = ahead;
                }
                _ => break,
            }
        },
        Kind::Word | Kind::Mark(_) => {}
    }
    Some(first.span.start..end)
}

fn enter(text: &str, block: Range<usize>, steps: &[Step<'_>]) -> Option<Range<usize>> {
    let Some((&Step::Field(name), rest)) = steps.split_first() else { return Some(block) };
    if !matches!(text.as_bytes().get(block.start), Some(b'{' | b'<')) {
        return Some(block);
    }
    let (index, rest) = match rest.split_first() {
        Some((&Step::Index(index), rest)) => (index, rest),
        _ => (0, rest),
    };
    let found = fields(text, block).filter(|(field, _)| &text[field.clone()] == name);
    let found = found.map(|(_, value)| value).nth(index)?;
    enter(text, found.clone(), rest).or(Some(found))
}

/// Names and values inside a block, one entry for each element of a list.
fn fields(
    text: &str,
    block: Range<usize>,
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + '_ {
    let mut tokens = Tokens::new(text, block.start + 1..block.end.saturating_sub(1));
    let mut entries = Vec::new();
    while let Some(name) = tokens.next() {
        if name.kind != Kind::Word {
            continue;
        }
        let mut ahead = tokens.clone();
        if ahead.next().is_some_and(|token| token.kind == Kind::Mark(b':')) {
            tokens = ahead;
        }
        let Some(range) = value(&mut tokens) else { break };
        if text.as_bytes()[range.start] == b'[' {
            let mut items = Tokens::new(text, range.start + 1..range.end.saturating_sub(1));
            while let Some(item) = value(&mut items) {
                if &text[item.clone()] != "," {
                    entries.push((name.span.clone(), item));
                }
            }
        } else {
            entries.push((name.span, range));
        }
    }
    entries.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(text: &'a str, path: &str) -> Option<&'a str> {
        find(text, 0..text.len(), &steps(path)).map(|range| &text[range])
    }

    const OPTION: &str = r#"option (x) = {
        // timeout: "not this one"
        /* timeout: "nor this" */ name: "timeout: \"nor that\"" timeout: "1s"
        calls: ["a", "b"] calls: "c"
        buckets: { name: "one" ttl: "1s" }, buckets { name: "two" ttl: "2" "s" }
    };"#;

    #[test]
    fn a_field_is_found_past_comments_and_strings() {
        assert_eq!(found(OPTION, "timeout"), Some(r#""1s""#));
    }

    #[test]
    fn an_element_is_found_in_a_list_and_after_it() {
        assert_eq!(found(OPTION, "calls[1]"), Some(r#""b""#));
        assert_eq!(found(OPTION, "calls[2]"), Some(r#""c""#));
    }

    #[test]
    fn a_nested_field_is_found_in_the_right_element() {
        assert_eq!(found(OPTION, "buckets[1].ttl"), Some(r#""2" "s""#));
    }

    #[test]
    fn a_missing_nested_field_stands_for_its_block() {
        assert_eq!(found(OPTION, "buckets[0].value"), Some(r#"{ name: "one" ttl: "1s" }"#));
        assert_eq!(found(OPTION, "credit"), None);
    }
}
