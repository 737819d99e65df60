//! Changes of words, numbers and strings.

use std::ops::Range;

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

const WORDS: &[&str] = &[
    "message",
    "enum",
    "service",
    "rpc",
    "returns",
    "stream",
    "oneof",
    "map",
    "group",
    "extend",
    "extensions",
    "reserved",
    "to",
    "max",
    "option",
    "import",
    "public",
    "weak",
    "package",
    "syntax",
    "optional",
    "required",
    "repeated",
    "string",
    "bytes",
    "double",
    "bool",
    "sint64",
    "fixed32",
    "inf",
    "nan",
    "true",
    "default",
    "json_name",
    "google.protobuf.Any",
    ".",
    "..",
    "_",
    ".google.protobuf.Empty",
    "google.protobuf.Struct",
    "bodybroker.options.v1.method",
    "type",
    "Self",
    "self",
    "crate",
    "r#fn",
    "async",
    "é",
    "__MissingMessage",
];

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "-1",
    "-0",
    "15",
    "16",
    "127",
    "19000",
    "19999",
    "50000",
    "65536",
    "536870911",
    "536870912",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999999999999999999",
    "0777",
    "08",
    "0x",
    "0xG",
    "0x7fffffffffffffffff",
    "1e999",
    "-1e-999",
    "1e",
    "1.",
    ".5",
    "1.5",
    "inf",
    "nan",
    "max",
];

const TEXTS: &[&str] = &[
    r#""""#,
    r#""\0""#,
    r#""\xff""#,
    r#""\377\200""#,
    r#""\U0010ffff""#,
    r#""\ud800""#,
    r#""{""#,
    r#""}""#,
    r#""{}""#,
    r#""{a.b}""#,
    r#""{a}{b}""#,
    r#""a..b""#,
    r#"".""#,
    r#"">""#,
    r#""*""#,
    r#""a.>.b""#,
    r#""svc.a.v1""#,
    r#""svc.a.v2.{name}""#,
    r#""evt.>""#,
    r#""$SYS.>""#,
    r#""a b""#,
    r#""🦁.é""#,
    r#""1s""#,
    r#""-1s""#,
    r#""1e9d""#,
    r#""9999999999999999999s""#,
    r#""0""#,
    r#""ms""#,
    r#""proto2""#,
    r#""proto4""#,
    r#""google/protobuf/any.proto""#,
    r#""zoo/cage.proto""#,
    "''",
    r#""a" "b""#,
    "\"\n\"",
    "'\"'",
];

/// Repetitions of one token, and depths of brackets.
const COUNTS: &[usize] = &[2, 3, 40, 200, 2000, 20_000];

pub(super) fn replace(text: &str, _: &str, random: &mut StdRng) -> String {
    put(text, is_word, WORDS, random)
}

pub(super) fn number(text: &str, _: &str, random: &mut StdRng) -> String {
    put(text, |token| token.starts_with(|it: char| it.is_ascii_digit()), NUMBERS, random)
}

pub(super) fn text(text: &str, _: &str, random: &mut StdRng) -> String {
    put(text, |token| token.starts_with('"'), TEXTS, random)
}

/// Puts a word of this text or another in the place of a word.
pub(super) fn foreign(text: &str, other: &str, random: &mut StdRng) -> String {
    let from = if random.random_ratio(3, 4) { text } else { other };
    let words: Vec<_> =
        tokens(from).into_iter().map(|span| &from[span]).filter(|it| is_word(it)).collect();
    put(text, is_word, &words, random)
}

pub(super) fn repeat(text: &str, _: &str, random: &mut StdRng) -> String {
    let count = COUNTS.choose(random).copied().unwrap_or_default();
    with(text, |_| true, random, |token, _| format!("{token} ").repeat(count))
}

/// Opens brackets, and closes them or doesn't.
pub(super) fn deepen(text: &str, _: &str, random: &mut StdRng) -> String {
    let count = COUNTS.choose(random).copied().unwrap_or_default();
    let brackets =
        [("{", "}"), ("[", "]"), ("(", ")"), ("<", ">"), ("a.", ""), ("-", ""), ("/*", "*/")];
    let (open, close) = brackets.choose(random).copied().unwrap_or_default();
    let closed = if random.random_ratio(3, 4) { count } else { 0 };
    with(text, |_| true, random, |token, _| open.repeat(count) + token + &close.repeat(closed))
}

fn is_word(token: &str) -> bool {
    token.starts_with(|it: char| it.is_alphabetic())
}

fn put(text: &str, which: impl Fn(&str) -> bool, list: &[&str], random: &mut StdRng) -> String {
    with(text, which, random, |_, random| {
        list.choose(random).copied().unwrap_or_default().to_owned()
    })
}

fn with(
    text: &str,
    which: impl Fn(&str) -> bool,
    random: &mut StdRng,
    new: impl FnOnce(&str, &mut StdRng) -> String,
) -> String {
    let spans: Vec<_> =
        tokens(text).into_iter().filter(|span| which(&text[span.clone()])).collect();
    let Some(span) = spans.choose(random) else { return text.to_owned() };
    let new = new(&text[span.clone()], random);
    text[..span.start].to_owned() + &new + &text[span.end..]
}

/// Words and numbers, strings in double quotes, and every other character by itself.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |it: char| it.is_alphanumeric() || it == '_' || it == '.';
        let size = if first == '"' {
            rest[1..].find('"').map_or(1, |end| end + 2)
        } else if word(first) {
            rest.find(|it| !word(it)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let start = text.len() - rest.len();
        if !first.is_whitespace() {
            spans.push(start..start + size);
        }
        rest = &rest[size..];
    }
    spans
}
