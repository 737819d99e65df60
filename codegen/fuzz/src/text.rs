//! Changes of schemas as text.

mod bytes;
mod lines;
mod tokens;

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, IteratorRandom as _};

use crate::corpus::{Base, Texts};

/// A change of one text; another text is there to take from.
type Change = fn(&str, &str, &mut StdRng) -> String;

/// Every change. Those that leave most of a text legal come more than once: they get past the parser.
const CHANGES: &[Change] = &[
    bytes::delete,
    bytes::replace,
    bytes::cut,
    bytes::copy,
    bytes::insert,
    lines::delete,
    lines::delete,
    lines::repeat,
    lines::swap,
    lines::splice,
    lines::splice,
    lines::annotate,
    lines::annotate,
    lines::annotate,
    lines::declare,
    lines::declare,
    lines::nest,
    tokens::replace,
    tokens::replace,
    tokens::number,
    tokens::number,
    tokens::text,
    tokens::text,
    tokens::foreign,
    tokens::foreign,
    tokens::repeat,
    tokens::deepen,
];

/// Changes one text, or which texts there are.
pub(crate) fn change(texts: &mut Texts, bases: &[Base], random: &mut StdRng) {
    let Some(name) = texts.keys().choose(random).cloned() else { return };
    let others = bases.choose(random).map(|base| &base.texts);
    let other = others.and_then(|texts| texts.values().choose(random)).cloned().unwrap_or_default();
    match random.random_range(0..30) {
        0 => drop(texts.remove(&name)),
        // Two files that declare the same, or one that nobody finds any more.
        1 => drop(texts.insert(format!("copy/{name}"), texts[&name].clone())),
        2 => {
            if let Some(text) = texts.remove(&name) {
                texts.insert(format!("{name}.{}", random.random_range(0..3)), text);
            }
        }
        _ => {
            let change = CHANGES.choose(random).expect("there are changes");
            let text = change(&texts[&name], &other, random);
            texts.insert(name, text);
        }
    }
}
