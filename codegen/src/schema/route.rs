//! Paths of HTTP routes as schemas write them, by the grammar of `google.api.http`:
//!
//! ```text
//! Template  = "/" Segments [ Verb ] ;
//! Segments  = Segment { "/" Segment } ;
//! Segment   = "*" | "**" | LITERAL | Variable ;
//! Variable  = "{" FieldPath [ "=" Segments ] "}" ;
//! FieldPath = IDENT { "." IDENT } ;
//! Verb      = ":" LITERAL ;
//! ```

use std::ops::Range;

use super::model::Segment;

/// A path whose variables are not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written<'a> {
    pub(crate) segments: Vec<Segment>,
    /// Path of each variable's field, and the segments that it spans.
    pub(crate) variables: Vec<(&'a str, Range<usize>)>,
    pub(crate) verb: Option<&'a str>,
}

/// What is wrong with a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault<'a> {
    /// The part that can't be read; nothing if it is the path as a whole.
    pub(crate) part: &'a str,
    pub(crate) problem: &'static str,
    pub(crate) help: &'static str,
}

/// Reads a path.
pub(crate) fn parse(path: &str) -> Result<Written<'_>, Fault<'_>> {
    let fault = |part, problem, help| Err(Fault { part, problem, help });
    let Some(rest) = path.strip_prefix('/') else {
        return fault("", "a path begins with `/`", "write it as in `/v1/animals/{animal_id}`");
    };
    let (rest, verb) = split_verb(rest);
    if let Some(verb) = verb.filter(|verb| !is_literal(verb)) {
        let part = &path[path.len() - verb.len() - 1..];
        return fault(
            part,
            "this is no verb",
            "end the path with a word, as in `/v1/animals:feed`",
        );
    }
    let mut written = Written { segments: Vec::new(), variables: Vec::new(), verb };
    for part in outside_braces(rest, b'/') {
        segment(part, &mut written)?;
    }
    let last = written.segments.len() - 1;
    if written.segments[..last].contains(&Segment::Rest) {
        return fault("**", "`**` takes all that follows", "move it to the end of the path");
    }
    Ok(written)
}

fn segment<'a>(part: &'a str, written: &mut Written<'a>) -> Result<(), Fault<'a>> {
    let fault = |problem, help| Err(Fault { part, problem, help });
    let Some(inside) = part.strip_prefix('{') else {
        written.segments.push(match plain(part) {
            Some(segment) => segment,
            None if part.is_empty() => {
                return fault("a segment is empty", "put something between two `/` and at the end");
            }
            None => {
                return fault(
                    "this is no segment of a path",
                    "use letters, digits, `-`, `_`, `.`, `~` and `%41`, or `*`, `**` or `{field}` as a whole segment",
                );
            }
        });
        return Ok(());
    };
    let Some(inside) = inside.strip_suffix('}') else {
        return fault(
            "a variable fills a whole segment",
            "write it as in `/v1/animals/{animal_id}`",
        );
    };
    let (field, pattern) = inside.split_once('=').unwrap_or((inside, "*"));
    if !field.split('.').all(is_name) {
        return fault("this is no field", "name a field of the request, as in `{animal.id}`");
    }
    let start = written.segments.len();
    for inner in pattern.split('/') {
        let Some(segment) = plain(inner) else {
            return fault(
                "this is no pattern of a variable",
                "use words, `*` and `**`, as in `{name=animals/*}`",
            );
        };
        written.segments.push(segment);
    }
    written.variables.push((field, start..written.segments.len()));
    Ok(())
}

fn plain(text: &str) -> Option<Segment> {
    match text {
        "*" => Some(Segment::One),
        "**" => Some(Segment::Rest),
        _ => is_literal(text).then(|| Segment::Literal(text.to_owned())),
    }
}

/// Splits off what follows the last colon outside of braces.
fn split_verb(path: &str) -> (&str, Option<&str>) {
    match path.rfind([':', '}', '/']) {
        Some(at) if path.as_bytes()[at] == b':' => (&path[..at], Some(&path[at + 1..])),
        _ => (path, None),
    }
}

/// Splits a text where a byte is outside of braces.
fn outside_braces(text: &str, separator: u8) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ if byte == separator && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Tells whether text is made of what RFC 3986 calls unreserved, and of escapes.
fn is_literal(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~%".contains(&byte);
    let escapes =
        |part: &str| part.len() >= 2 && part.bytes().take(2).all(|it| it.is_ascii_hexdigit());
    !text.is_empty() && text.bytes().all(plain) && text.split('%').skip(1).all(escapes)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Segment {
        Segment::Literal(text.to_owned())
    }

    #[test]
    fn variables_span_what_their_patterns_say() {
        let written = parse("/v1/{name=zoos/*/animals/**}").expect("a path");
        let expected = [word("v1"), word("zoos"), Segment::One, word("animals"), Segment::Rest];
        assert_eq!(written.segments, expected);
        assert_eq!(written.variables, [("name", 1..5)]);
    }

    #[test]
    fn a_verb_is_split_off_after_a_word_and_after_a_variable() {
        for (path, verb) in [
            ("/v1/ai/infer:stream", Some("stream")),
            ("/v1/npcs/{npc.id}:plan", Some("plan")),
            ("/v1/quests", None),
        ] {
            assert_eq!(parse(path).expect(path).verb, verb, "{path}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused_with_its_part() {
        for (path, part) in [
            ("v1", ""),
            ("", ""),
            ("/", ""),
            ("/a//b", ""),
            ("/a/", ""),
            ("/a b", "a b"),
            ("/a/x{id}", "x{id}"),
            ("/a/{id", "{id"),
            ("/a/{}", "{}"),
            ("/a/{a..b}", "{a..b}"),
            ("/a/{a={b}}", "{a={b}}"),
            ("/a/{a=}", "{a=}"),
            ("/**/b", "**"),
            ("/{a=**}/{b}", "**"),
            ("/a:", ":"),
            ("/a:b:c", "a:b"),
            ("/%4", "%4"),
            ("/a?b=c", "a?b=c"),
        ] {
            assert_eq!(parse(path).map(|_| ()).map_err(|it| it.part), Err(part), "{path}");
        }
    }
}
