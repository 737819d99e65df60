//! Schemas with a few seeded mistakes.

#![expect(clippy::ptr_arg, reason = "all changes have one type")]

use std::collections::BTreeMap;

use bodybroker_codegen::check::lint::RULES;

/// Schemas in a folder and packages of their own, so that many can be judged at once.
pub(super) struct Mutant {
    /// What was done to which file.
    pub(super) story: String,
    pub(super) files: BTreeMap<String, String>,
}

/// Numbers that are the same in each run (xorshift, Marsaglia 2003).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % limit.max(1)
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len()))
    }
}

/// A change of one file's lines; tells what it did, if there was something to change.
type Change = fn(&mut Vec<String>, &mut Random) -> Option<String>;

const CHANGES: &[(&str, Change)] = &[
    ("rename", rename),
    ("rename", rename),
    ("uncomment", uncomment),
    ("detach", detach),
    ("ignore", ignore),
    ("block", block),
    ("import", import),
    ("unimport", unimport),
    ("package", package),
    ("syntax", syntax),
    ("alias", alias),
    ("first", first),
    ("types", types),
    ("stream", stream),
    ("option", option),
    ("indent", indent),
    ("require", require),
    ("move", |_, _| None),
];

impl Mutant {
    /// Changes one to three things in one of the files.
    pub(super) fn new(base: &BTreeMap<String, String>, index: usize, random: &mut Random) -> Self {
        // Options of two mutants must not have one number.
        let number = |at: usize| (100_000 + 2 * index + at).to_string();
        let own = |text: &str| {
            let text = text.replace("zoo", &format!("m{index}"));
            text.replace("51234", &number(0)).replace("51235", &number(1))
        };
        let mut files: BTreeMap<_, _> =
            base.iter().map(|(name, text)| (own(name), own(text))).collect();
        let names: Vec<_> = files.keys().cloned().collect();
        let name = random.pick(&names).expect("a file").clone();
        let text = files.remove(&name).expect("a file");
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut target = name.clone();
        let mut story = name.clone();
        for _ in 0..=random.below(3) {
            let (kind, change) = random.pick(CHANGES).expect("a change");
            if *kind == "move" {
                target = moved(&target, random);
                story = format!("{story}, to {target}");
            } else if let Some(what) = change(&mut lines, random) {
                story = format!("{story}, {kind} {what}");
            }
        }
        files.insert(target, lines.join("\n") + "\n");
        Self { story, files }
    }
}

/// Another name for the file: what imports it then doesn't compile, for both.
fn moved(name: &str, random: &mut Random) -> String {
    let (folder, base) = name.rsplit_once('/').expect("a folder");
    match random.below(4) {
        0 => format!("{folder}/{}", base.replace(".proto", "Zed.proto")),
        1 => format!("{folder}/Up-{base}"),
        2 => format!("{folder}/sub/{base}"),
        _ => format!("{}/{base}", folder.rsplit_once('/').map_or(folder, |it| it.0)),
    }
}

/// Lines that begin with one of some words, and the word after it.
fn declared(lines: &[String], words: &[&str]) -> Vec<(usize, String)> {
    let name = |line: &String| {
        let mut parts = line.trim().split([' ', '(', '{', ';']).filter(|part| !part.is_empty());
        parts.next().filter(|word| words.contains(word))?;
        parts.next().map(str::to_owned)
    };
    let all = lines.iter().enumerate();
    all.filter_map(|(index, line)| Some((index, name(line)?))).collect()
}

/// Fields and values of enums: whatever stands before ` = <number>`.
fn numbered(lines: &[String]) -> Vec<(usize, String)> {
    let name = |line: &String| {
        let (before, after) = line.split_once(" = ")?;
        let digit = after.trim_start().starts_with(|it: char| it.is_ascii_digit());
        let name = before.trim().rsplit([' ', '>']).next()?;
        (digit && !line.trim().starts_with("//")).then(|| name.to_owned())
    };
    let all = lines.iter().enumerate();
    all.filter_map(|(index, line)| Some((index, name(line)?))).collect()
}

fn elements(lines: &[String]) -> Vec<(usize, String)> {
    let mut all = declared(lines, &["message", "enum", "service", "rpc", "oneof"]);
    all.extend(numbered(lines));
    all
}

fn rename(lines: &mut Vec<String>, random: &mut Random) -> Option<String> {
    let (_, old) = random.pick(&elements(lines))?.clone();
    let upper = |text: &str| {
        let mut chars = text.chars();
        chars.next().map_or_else(String::new, |it| it.to_uppercase().chain(chars).collect())
    };
    let new = match random.below(12) {
        0 => old.to_lowercase(),
        1 => old.to_uppercase(),
        2 => upper(&old),
        3 => format!("{old}_"),
        4 => format!("_{old}"),
        5 => old.replacen('_', "__", 1),
        6 => format!("{old}HTTPServer"),
        7 => format!("{old}2B"),
        8 => format!("x{old}"),
        9 => old.replace('_', ""),
        10 => format!("{old}Service"),
        _ => format!("{old}_9"),
    };
    let word = |it: char| it.is_alphanumeric() || it == '_';
    for line in lines.iter_mut() {
        let mut renamed = String::new();
        for part in line.split_inclusive(|it| !word(it)) {
            let name = part.trim_end_matches(|it| !word(it));
            renamed += if name == old { &new } else { name };
            renamed += &part[name.len()..];
        }
        *line = renamed;
    }
    Some(format!("{old} to {new}"))
}

fn comments(lines: &[String]) -> Vec<usize> {
    (0..lines.len()).filter(|&index| lines[index].trim().starts_with("//")).collect()
}

fn uncomment(lines: &mut Vec<String>, random: &mut Random) -> Option<String> {
    let index = *random.pick(&comments(lines))?;
    if random.below(3) == 0 {
        let indent = lines[index].len() - lines[index].trim_start().len();
        lines[index].truncate(indent + 2);
    } else {
        lines.remove(index);
    }
    Some(format!("line {}", index + 1))
}

fn detach(lines: &mut Vec<String>, random: &mut Random) -> Option<String> {
    let index = *random.pick(&comments(lines))?;
    lines.insert(index + 1, String::new());
    Some(format!("line {}", index + 1))
}

fn ignore(lines: &mut Vec<String>, random: &mut Random) -> Option<String> {
    let rule = random.pick(RULES)?.id;
    let mut places: Vec<_> = elements(lines).into_iter().map(|it| it.0).collect();
    places.extend(lines.iter().position(|line| line.starts_with("package")));
    places.extend(lines.iter().position(|line| line.starts_with("import")));
    let index = *random.pick(&places)?;
    let tail = random.pick(&["", " for a reason", ", ANOTHER", "x"])?;
    lines.insert(index, format!("// buf:lint:ignore {rule}{tail}"));
    // A mistake that it may spare.
    rename(lines, random);
    Some(format!("{rule} at line {}", index + 1))
}

fn block(lines: &mut Vec<String>, random: &mut Random) -> Option<String> {
    let index = *random.pick(&comments(lines))?;
    let text = lines[index].trim().trim_start_matches('/').trim().replace("*/", "");
    lines[index] = format!("/* {text} */");
    Some(format!("line {}", index + 1))
}

fn import(lines: &mut Vec<String>, random: &mut Random) -> Option<String> {
    let name = random.pick(&["duration", "struct", "wrappers", "descriptor", "empty", "type"])?;
    let word = random.pick(&["", "", "public "])?;
    let at = lines.iter().position(|line| line.starts_with("package"))?;
    lines.insert(at + 1, format!("import {word}\"google/protobuf/{name}.proto\";"));
    Some(format!("{word}{name}"))
}

/// Takes out what needs an import, or the import.
fn unimport(lines: &mut Vec<String>, random: &mut Random) -> Option<String> {
    let all = lines.iter().enumerate();
    let typed = all.filter(|(_, line)| line.contains('.') && line.contains(" = "));
    let places: Vec<_> = typed.map(|(index, _)| index).collect();
    let index = *random.pick(&places)?;
    lines.remove(index);
    Some(format!("line {}", index + 1))
}

fn package(lines: &mut Vec<String>, random: &mut Random) -> Option<String> {
    let index = lines.iter().position(|line| line.starts_with("package"))?;
    let old = lines[index].trim_start_matches("package ").trim_end_matches(';').to_owned();
    let (before, _) = old.rsplit_once('.')?;
    let new = match random.below(9) {
        0 => before.to_owned(),
        1 => format!("{before}.v0"),
        2 => format!("{before}.v1alpha1"),
        3 => format!("{before}.v1p2beta3"),
        4 => format!("{before}.v1testing"),
        5 => format!("{before}.BadName.v1"),
        6 => format!("{before}.v2"),
        7 => format!("{before}.v1alphabeta"),
        _ => {
            lines.remove(index);
            return Some("gone".to_owned());
        }
    };
    lines[index] = format!("package {new};");
    Some(new)
}

fn syntax(lines: &mut Vec<String>, random: &mut Random) -> Option<String> {
    let index = lines.iter().position(|line| line.starts_with("syntax"))?;
    if random.below(2) == 0 {
        lines.remove(index);
        return Some("gone".to_owned());
    }
    "syntax = \"proto2\";".clone_into(&mut lines[index]);
    Some("proto2".to_owned())
}

fn alias(lines: &mut Vec<String>, random: &mut Random) -> Option<String> {
    let (index, name) = random.pick(&declared(lines, &["enum"]))?.clone();
    let value = format!("  {}_TWIN = 0;", name.to_uppercase());
    lines.insert(index + 1, "  option allow_alias = true;".to_owned());
    let first = (index + 2..lines.len()).find(|&at| lines[at].contains(" = "))?;
    lines.insert(first + 1, value);
    Some(name)
}

fn first(lines: &mut Vec<String>, random: &mut Random) -> Option<String> {
    let (index, name) = random.pick(&declared(lines, &["enum"]))?.clone();
    let first = (index + 1..lines.len()).find(|&at| lines[at].contains(" = 0"))?;
    lines[first] = lines[first].replace(" = 0", " = 99");
    Some(name)
}

fn types(lines: &mut Vec<String>, random: &mut Random) -> Option<String> {
    let (index, name) = random.pick(&declared(lines, &["rpc"]))?.clone();
    let (_, other) = random.pick(&declared(lines, &["message"]))?.clone();
    let line = &lines[index];
    let (open, close) = if random.below(2) == 0 {
        (line.find('(')?, line.find(')')?)
    } else {
        (line.rfind('(')?, line.rfind(')')?)
    };
    lines[index] = format!("{}{other}{}", &line[..=open], &line[close..]);
    Some(format!("{other} in {name}"))
}

fn stream(lines: &mut Vec<String>, random: &mut Random) -> Option<String> {
    let (index, name) = random.pick(&declared(lines, &["rpc"]))?.clone();
    let line = lines[index].replace("(stream ", "(");
    lines[index] = match random.below(3) {
        0 => line,
        1 => line.replacen('(', "(stream ", 1),
        _ => line.replace("returns (", "returns (stream "),
    };
    Some(name)
}

fn option(lines: &mut Vec<String>, random: &mut Random) -> Option<String> {
    let options = [
        "option java_package = \"x\";",
        "option java_multiple_files = false;",
        "option go_package = \"x\";",
        "option csharp_namespace = \"X\";",
        "option php_namespace = \"X\";",
        "option ruby_package = \"X\";",
        "option swift_prefix = \"X\";",
    ];
    let option = random.pick(&options)?;
    let key = option.split(" = ").next()?;
    lines.retain(|line| !line.starts_with(key));
    let at = lines.iter().position(|line| line.starts_with("package"))?;
    lines.insert(at + 1, (*option).to_owned());
    Some(key.to_owned())
}

fn indent(lines: &mut Vec<String>, random: &mut Random) -> Option<String> {
    let places: Vec<_> = (0..lines.len()).collect();
    let index = *random.pick(&places)?;
    lines[index] = format!("\t{}", lines[index]);
    if random.below(2) == 0 {
        lines.insert(index, "\t/* é */".to_owned());
    }
    Some(format!("line {}", index + 1))
}

fn require(lines: &mut Vec<String>, random: &mut Random) -> Option<String> {
    let places: Vec<_> =
        (0..lines.len()).filter(|&at| lines[at].trim().starts_with("optional ")).collect();
    let index = *random.pick(&places)?;
    lines[index] = lines[index].replacen("optional ", "required ", 1);
    Some(format!("line {}", index + 1))
}
