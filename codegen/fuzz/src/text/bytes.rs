//! Changes that know nothing of the language.

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

/// What a byte may become, and what may come between two.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "\"",
    "'",
    ";",
    ":",
    ",",
    ".",
    "=",
    "/*",
    "*/",
    "//",
    "#",
    "\\",
    "\\x",
    "\\777",
    "\\U00110000",
    "\\u",
    "\n",
    "\r",
    "\t",
    "\0",
    "\u{feff}",
    "é",
    "🦁",
    "\u{202e}",
    "a\u{301}",
    "*",
    "$",
    "-",
    "+",
    "0",
    "0x",
    "1e",
    ".5",
    "inf",
    "nan",
];

/// Runs that are cut out or copied.
const RUN_MAX: usize = 200;

pub(super) fn delete(text: &str, _: &str, random: &mut StdRng) -> String {
    let run = run(text, random);
    text[..run.start].to_owned() + &text[run.end..]
}

pub(super) fn replace(text: &str, _: &str, random: &mut StdRng) -> String {
    let at = place(text, random);
    let mut rest = text[at..].chars();
    rest.next();
    let new = char::from_u32(random.random_range(0..0x300)).unwrap_or('\0');
    format!("{}{new}{}", &text[..at], rest.as_str())
}

pub(super) fn cut(text: &str, _: &str, random: &mut StdRng) -> String {
    text[..place(text, random)].to_owned()
}

pub(super) fn copy(text: &str, other: &str, random: &mut StdRng) -> String {
    let at = place(text, random);
    let from = if random.random() { text } else { other };
    text[..at].to_owned() + &from[run(from, random)] + &text[at..]
}

pub(super) fn insert(text: &str, _: &str, random: &mut StdRng) -> String {
    let at = place(text, random);
    let piece = PIECES.choose(random).copied().unwrap_or_default();
    text[..at].to_owned() + piece + &text[at..]
}

fn run(text: &str, random: &mut StdRng) -> std::ops::Range<usize> {
    let start = place(text, random);
    let end = text.floor_char_boundary(start + random.random_range(1..=RUN_MAX));
    start..end.max(start)
}

fn place(text: &str, random: &mut StdRng) -> usize {
    text.floor_char_boundary(random.random_range(0..=text.len()))
}
