//! Changes of single lines, and what lines are.

use super::Dice;

pub(super) fn drop_line(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let ends: Vec<_> = (0..lines.len()).filter(|at| lines[*at].trim().ends_with(';')).collect();
    lines.remove(dice.of(&ends)?);
    Some(())
}

pub(super) fn syntax(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = starting(lines, &["syntax "], dice)?;
    if lines[at].contains("proto2") {
        lines[at] = String::from("syntax = \"proto3\";");
    } else if dice.below(2) == 0 {
        lines[at] = String::from("syntax = \"proto2\";");
    } else {
        lines.remove(at);
    }
    Some(())
}

pub(super) fn package(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = starting(lines, &["package "], dice)?;
    lines[at] = lines[at].replace(';', ".other;");
    Some(())
}

pub(super) fn range(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = starting(lines, &["reserved ", "extensions "], dice)?;
    let digits: Vec<_> =
        lines[at].match_indices(|it: char| it.is_ascii_digit()).map(|(at, _)| at).collect();
    match dice.of(&digits) {
        Some(digit) => lines[at].replace_range(digit..=digit, &dice.below(10).to_string()),
        None => lines[at] = lines[at].replacen('"', "\"new_", 1),
    }
    Some(())
}

/// Puts one word of the file in the place of another.
pub(super) fn word(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let types = types(lines);
    let (from, to) = (dice.of(&types)?, dice.of(&types)?);
    let at: Vec<_> = (0..lines.len())
        .filter(|at| {
            lines[*at].split([' ', '(', ')', ',', '>', '.']).any(|it| it == from)
                && !opens(&lines[*at])
        })
        .collect();
    let at = dice.of(&at)?;
    lines[at] = lines[at].replacen(&from, &to, 1);
    Some(())
}

pub(super) fn opens(line: &str) -> bool {
    line.trim_end().ends_with('{')
}

/// The line that closes a block.
pub(super) fn end(lines: &[String], start: usize) -> usize {
    let mut depth = 0usize;
    for (at, line) in lines.iter().enumerate().skip(start) {
        depth += line.matches('{').count();
        depth = depth.saturating_sub(line.matches('}').count());
        if depth == 0 {
            return at;
        }
    }
    lines.len() - 1
}

/// Lines with a field or value in them.
pub(super) fn members(lines: &[String]) -> Vec<usize> {
    let is = |line: &str| {
        let line = line.trim();
        let other = ["option ", "syntax", "reserved", "extensions", "//", "rpc", "import"];
        line.contains(" = ")
            && line.ends_with(';')
            && !other.iter().any(|word| line.starts_with(word))
    };
    (0..lines.len()).filter(|at| is(&lines[*at])).collect()
}

pub(super) fn member(lines: &[String], dice: &mut Dice) -> Option<usize> {
    dice.of(&members(lines))
}

pub(super) fn starting(lines: &[String], words: &[&str], dice: &mut Dice) -> Option<usize> {
    let at: Vec<_> = (0..lines.len())
        .filter(|at| words.iter().any(|it| lines[*at].trim().starts_with(it)))
        .collect();
    dice.of(&at)
}

/// Names that types have in a file.
pub(super) fn types(lines: &[String]) -> Vec<String> {
    let declared = lines.iter().filter_map(|line| {
        let line = line.trim();
        let rest = line.strip_prefix("message ").or_else(|| line.strip_prefix("enum "))?;
        Some(rest.split_whitespace().next()?.to_owned())
    });
    declared.collect()
}
