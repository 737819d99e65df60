//! Changes of messages, enums, services, methods and oneofs.

use super::Dice;
use super::lines::{end, member, opens, starting, types};
use crate::breaking::Files;

pub(super) fn drop_block(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let blocks: Vec<_> = (0..lines.len()).filter(|at| opens(&lines[*at])).collect();
    let at = dice.of(&blocks)?;
    lines.drain(at..=end(lines, at));
    Some(())
}

/// Takes a message, enum or service out of one file and puts it into another.
pub(super) fn move_block(files: &mut Files, names: &[String], dice: &mut Dice) -> String {
    let (Some(from), Some(to)) = (dice.of(names), dice.of(names)) else { return String::new() };
    let mut lines: Vec<_> = files[&from].lines().map(str::to_owned).collect();
    let tops: Vec<_> =
        (0..lines.len()).filter(|at| opens(&lines[*at]) && !lines[*at].starts_with(' ')).collect();
    let Some(at) = dice.of(&tops) else { return String::new() };
    let block: Vec<_> = lines.drain(at..=end(&lines, at)).collect();
    files.insert(from.clone(), lines.join("\n") + "\n");
    let target = files.get_mut(&to).expect("a file");
    target.push_str(&(block.join("\n") + "\n"));
    format!("moved from {from} to {to}")
}

pub(super) fn rename_block(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = starting(lines, &["message ", "enum ", "service ", "rpc "], dice)?;
    let mut words: Vec<_> = lines[at].trim().split(' ').map(str::to_owned).collect();
    let name = words[1].clone();
    words[1] = match name.split_once('(') {
        Some((name, rest)) => format!("{name}X({rest}"),
        None => format!("{name}X"),
    };
    lines[at] = words.join(" ");
    if dice.below(2) == 0 {
        for line in lines.iter_mut() {
            *line = line.replace(&format!(" {name} "), &format!(" {name}X "));
            *line = line.replace(&format!("({name})"), &format!("({name}X)"));
        }
    }
    Some(())
}

pub(super) fn stream(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = starting(lines, &["rpc "], dice)?;
    let line = lines[at].clone();
    lines[at] = match dice.below(4) {
        0 if line.contains("returns (stream ") => line.replace("returns (stream ", "returns ("),
        0 => line.replace("returns (", "returns (stream "),
        1 if line.split("returns").next()?.contains("(stream ") => {
            line.replacen("(stream ", "(", 1)
        }
        1 => line.replacen('(', "(stream ", 1),
        2 => {
            let (before, after) = line.split_once("returns (")?;
            format!("{before}returns ({}{}", dice.of(&types(lines))?, &after[after.find(')')?..])
        }
        _ => {
            let (before, after) = line.split_once('(')?;
            format!("{before}({}{}", dice.of(&types(lines))?, &after[after.find(')')?..])
        }
    };
    Some(())
}

pub(super) fn wrap(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = member(lines, dice)?;
    let line = lines[at].trim().to_owned();
    let bare =
        ["optional ", "required "].iter().find_map(|it| line.strip_prefix(it)).unwrap_or(&line);
    lines[at] = format!("  oneof new_{} {{\n    {bare}\n  }}", dice.below(9));
    Some(())
}

pub(super) fn unwrap(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = starting(lines, &["oneof "], dice)?;
    let stop = end(lines, at);
    let proto2 = lines.iter().any(|line| line.contains("\"proto2\""));
    match dice.below(3) {
        0 => lines[at] = lines[at].replacen(" {", "_x {", 1),
        1 => {
            let line = lines.remove(at + 1);
            lines.insert(at, if proto2 { format!("optional {}", line.trim()) } else { line });
        }
        _ => {
            for line in &mut lines[at + 1..stop] {
                *line = if proto2 { format!("  optional {}", line.trim()) } else { line.clone() };
            }
            lines.remove(stop);
            lines.remove(at);
        }
    }
    Some(())
}
