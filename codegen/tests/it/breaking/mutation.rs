//! Changes of schemas as text, most of which compile.
#![expect(clippy::ptr_arg, reason = "some mutations add lines, and all have one signature")]

mod blocks;
mod lines;
mod members;
mod options;

use super::Files;

/// A change, on the lines of one file.
type Mutation = fn(&mut Vec<String>, &mut Dice) -> Option<()>;

const MUTATIONS: &[(&str, Mutation)] = &[
    ("drop a line", lines::drop_line),
    ("drop a line", lines::drop_line),
    ("drop a block", blocks::drop_block),
    ("drop a block", blocks::drop_block),
    ("other type", members::retype),
    ("other type", members::retype),
    ("other type", members::retype),
    ("other label", members::relabel),
    ("other name", members::rename),
    ("other number", members::renumber),
    ("field option", options::field_option),
    ("field option", options::field_option),
    ("file option", options::file_option),
    ("other syntax", lines::syntax),
    ("other order", members::swap),
    ("other range", lines::range),
    ("other stream", blocks::stream),
    ("other level", options::level),
    ("map", members::map),
    ("into a oneof", blocks::wrap),
    ("out of a oneof", blocks::unwrap),
    ("other package", lines::package),
    ("no accessor", options::accessor),
    ("reserved instead", members::reserve),
    ("renamed block", blocks::rename_block),
    ("other word", lines::word),
];

/// Rolls the same numbers for the same seed.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below another.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % end.max(1)
    }

    fn of<T: Clone>(&mut self, list: &[T]) -> Option<T> {
        if list.is_empty() { None } else { Some(list[self.below(list.len())].clone()) }
    }
}

/// Changes one thing somewhere; says what.
pub(super) fn mutate(files: &mut Files, dice: &mut Dice) -> String {
    let names: Vec<_> = files.keys().cloned().collect();
    let name = dice.of(&names).expect("a file");
    if names.len() > 1 {
        match dice.below(40) {
            0 => {
                files.remove(&name);
                return format!("no {name}");
            }
            1..4 => return blocks::move_block(files, &names, dice),
            _ => {}
        }
    }
    let mut lines: Vec<_> = files[&name].lines().map(str::to_owned).collect();
    let (what, change) = dice.of(MUTATIONS).expect("a mutation");
    let line = change(&mut lines, dice);
    files.insert(name, lines.join("\n") + "\n");
    line.map_or_else(|| "nothing".to_owned(), |()| what.to_owned())
}
