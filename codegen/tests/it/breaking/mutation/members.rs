//! Changes of fields and values.

use super::Dice;
use super::lines::{member, types};

const SCALARS: &[&str] = &[
    "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32",
    "sfixed64", "float", "double", "bool", "string", "bytes",
];

pub(super) fn retype(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = member(lines, dice)?;
    let mut words: Vec<_> = lines[at].split(' ').map(str::to_owned).collect();
    let name = words.iter().position(|it| it == "=")?.checked_sub(2)?;
    let types = types(lines);
    let new = if dice.below(4) == 0 { dice.of(&types)? } else { (*dice.of(SCALARS)?).to_owned() };
    words[name] = new;
    lines[at] = words.join(" ");
    Some(())
}

pub(super) fn relabel(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = member(lines, dice)?;
    let line = lines[at].trim().to_owned();
    let labels = ["optional ", "repeated ", "required ", ""];
    let bare = labels.iter().find_map(|it| line.strip_prefix(it))?;
    lines[at] = format!("  {}{bare}", dice.of(&labels)?);
    Some(())
}

pub(super) fn rename(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = member(lines, dice)?;
    let upper = lines[at].trim().starts_with(|it: char| it.is_ascii_uppercase());
    lines[at] = lines[at].replacen(" = ", if upper { "_X = " } else { "_x = " }, 1);
    Some(())
}

pub(super) fn renumber(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = member(lines, dice)?;
    let (before, after) = lines[at].split_once(" = ")?;
    let stop = after.find([' ', ';'])?;
    let number = dice.of(&["28", "29", "3", "11", "200", "210", "1"])?;
    lines[at] = format!("{before} = {number}{}", &after[stop..]);
    Some(())
}

pub(super) fn swap(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let (a, b) = (member(lines, dice)?, member(lines, dice)?);
    lines.swap(a, b);
    Some(())
}

pub(super) fn map(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = member(lines, dice)?;
    let line = lines[at].trim().to_owned();
    lines[at] = if let Some(rest) = line.strip_prefix("map<") {
        let (types, rest) = rest.split_once('>')?;
        let (key, value) = types.split_once(", ")?;
        match dice.below(3) {
            0 => format!("repeated {value}{rest}"),
            1 => {
                format!("map<{}, {value}>{rest}", dice.of(&["int64", "string", "uint32", "bool"])?)
            }
            _ => format!("map<{key}, {}>{rest}", dice.of(SCALARS)?),
        }
    } else {
        let bare =
            ["optional ", "repeated ", "required "].iter().find_map(|it| line.strip_prefix(it));
        let (value, rest) = bare.unwrap_or(&line).split_once(' ')?;
        format!("map<string, {value}> {rest}")
    };
    Some(())
}

/// Takes a member away and reserves its number, its name or both.
pub(super) fn reserve(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = member(lines, dice)?;
    let (before, after) = lines[at].split_once(" = ")?;
    let name = before.rsplit(' ').next()?.to_owned();
    let number = after[..after.find([' ', ';'])?].to_owned();
    lines[at] = match dice.below(3) {
        0 => format!("reserved {number};"),
        1 => format!("reserved \"{name}\";"),
        _ => format!("reserved {number};\nreserved \"{name}\";"),
    };
    Some(())
}
