//! Changes of schemas as text, most of which compile.
#![expect(clippy::ptr_arg, reason = "some mutations add lines, and all have one signature")]

use super::Files;

const SCALARS: &[&str] = &[
    "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32",
    "sfixed64", "float", "double", "bool", "string", "bytes",
];

const FILE_OPTIONS: &[&str] = &[
    "go_package = \"x/y\"",
    "java_package = \"x.y\"",
    "java_multiple_files = true",
    "java_outer_classname = \"Xy\"",
    "optimize_for = CODE_SIZE",
    "optimize_for = LITE_RUNTIME",
    "cc_enable_arenas = true",
    "cc_generic_services = true",
    "java_generic_services = true",
    "py_generic_services = false",
    "csharp_namespace = \"X.Y\"",
    "objc_class_prefix = \"XY\"",
    "swift_prefix = \"Xy\"",
    "php_class_prefix = \"Xy\"",
    "php_namespace = \"X\\\\Y\"",
    "php_metadata_namespace = \"X\\\\Y\\\\Z\"",
    "ruby_package = \"X::Y\"",
    "java_string_check_utf8 = true",
    "java_string_check_utf8 = false",
];

const FIELD_OPTIONS: &[&str] = &[
    "deprecated = true",
    "json_name = \"other\"",
    "jstype = JS_STRING",
    "jstype = JS_NUMBER",
    "ctype = CORD",
    "ctype = STRING_PIECE",
    "default = 7",
    "default = -2.5e-9",
    "default = 1e22",
    "default = \"text\"",
    "default = true",
    "default = nan",
    "default = KIND_FISH",
    "packed = false",
];

/// A change, on the lines of one file.
type Mutation = fn(&mut Vec<String>, &mut Dice) -> Option<()>;

const MUTATIONS: &[(&str, Mutation)] = &[
    ("drop a line", drop_line),
    ("drop a line", drop_line),
    ("drop a block", drop_block),
    ("drop a block", drop_block),
    ("other type", retype),
    ("other type", retype),
    ("other type", retype),
    ("other label", relabel),
    ("other name", rename),
    ("other number", renumber),
    ("field option", field_option),
    ("field option", field_option),
    ("file option", file_option),
    ("other syntax", syntax),
    ("other order", swap),
    ("other range", range),
    ("other stream", stream),
    ("other level", level),
    ("map", map),
    ("into a oneof", wrap),
    ("out of a oneof", unwrap),
    ("other package", package),
    ("no accessor", accessor),
    ("reserved instead", reserve),
    ("renamed block", rename_block),
    ("other word", word),
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
            1..4 => return move_block(files, &names, dice),
            _ => {}
        }
    }
    let mut lines: Vec<_> = files[&name].lines().map(str::to_owned).collect();
    let (what, change) = dice.of(MUTATIONS).expect("a mutation");
    let line = change(&mut lines, dice);
    files.insert(name, lines.join("\n") + "\n");
    line.map_or_else(|| "nothing".to_owned(), |()| what.to_owned())
}

/// Takes a message, enum or service out of one file and puts it into another.
fn move_block(files: &mut Files, names: &[String], dice: &mut Dice) -> String {
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

fn opens(line: &str) -> bool {
    line.trim_end().ends_with('{')
}

/// The line that closes a block.
fn end(lines: &[String], start: usize) -> usize {
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
fn members(lines: &[String]) -> Vec<usize> {
    let is = |line: &str| {
        let line = line.trim();
        let other = ["option ", "syntax", "reserved", "extensions", "//", "rpc", "import"];
        line.contains(" = ")
            && line.ends_with(';')
            && !other.iter().any(|word| line.starts_with(word))
    };
    (0..lines.len()).filter(|at| is(&lines[*at])).collect()
}

fn member(lines: &[String], dice: &mut Dice) -> Option<usize> {
    dice.of(&members(lines))
}

fn starting(lines: &[String], words: &[&str], dice: &mut Dice) -> Option<usize> {
    let at: Vec<_> = (0..lines.len())
        .filter(|at| words.iter().any(|it| lines[*at].trim().starts_with(it)))
        .collect();
    dice.of(&at)
}

fn drop_line(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let ends: Vec<_> = (0..lines.len()).filter(|at| lines[*at].trim().ends_with(';')).collect();
    lines.remove(dice.of(&ends)?);
    Some(())
}

fn drop_block(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let blocks: Vec<_> = (0..lines.len()).filter(|at| opens(&lines[*at])).collect();
    let at = dice.of(&blocks)?;
    lines.drain(at..=end(lines, at));
    Some(())
}

/// Names that types have in a file.
fn types(lines: &[String]) -> Vec<String> {
    let declared = lines.iter().filter_map(|line| {
        let line = line.trim();
        let rest = line.strip_prefix("message ").or_else(|| line.strip_prefix("enum "))?;
        Some(rest.split_whitespace().next()?.to_owned())
    });
    declared.collect()
}

fn retype(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = member(lines, dice)?;
    let mut words: Vec<_> = lines[at].split(' ').map(str::to_owned).collect();
    let name = words.iter().position(|it| it == "=")?.checked_sub(2)?;
    let types = types(lines);
    let new = if dice.below(4) == 0 { dice.of(&types)? } else { (*dice.of(SCALARS)?).to_owned() };
    words[name] = new;
    lines[at] = words.join(" ");
    Some(())
}

fn relabel(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = member(lines, dice)?;
    let line = lines[at].trim().to_owned();
    let labels = ["optional ", "repeated ", "required ", ""];
    let bare = labels.iter().find_map(|it| line.strip_prefix(it))?;
    lines[at] = format!("  {}{bare}", dice.of(&labels)?);
    Some(())
}

fn rename(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = member(lines, dice)?;
    let upper = lines[at].trim().starts_with(|it: char| it.is_ascii_uppercase());
    lines[at] = lines[at].replacen(" = ", if upper { "_X = " } else { "_x = " }, 1);
    Some(())
}

fn renumber(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = member(lines, dice)?;
    let (before, after) = lines[at].split_once(" = ")?;
    let stop = after.find([' ', ';'])?;
    let number = dice.of(&["28", "29", "3", "11", "200", "210", "1"])?;
    lines[at] = format!("{before} = {number}{}", &after[stop..]);
    Some(())
}

fn field_option(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = member(lines, dice)?;
    let line = lines[at].clone();
    let (bare, options) = match line.split_once(" [") {
        Some((bare, options)) => (bare, options.trim_end_matches("];").to_owned()),
        None => (line.trim_end_matches(';'), String::new()),
    };
    let new = dice.of(FIELD_OPTIONS)?;
    lines[at] = match dice.below(3) {
        0 if !options.is_empty() => format!("{bare};"),
        1 if !options.is_empty() => format!("{bare} [{options}, {new}];"),
        _ => format!("{bare} [{new}];"),
    };
    Some(())
}

fn file_option(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let new = dice.of(FILE_OPTIONS)?;
    let key = new.split(' ').next()?;
    lines.retain(|line| !line.starts_with(&format!("option {key} ")));
    let at = starting(lines, &["package "], dice)?;
    lines.insert(at + 1, format!("option {new};"));
    Some(())
}

fn syntax(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
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

fn swap(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let (a, b) = (member(lines, dice)?, member(lines, dice)?);
    lines.swap(a, b);
    Some(())
}

fn range(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = starting(lines, &["reserved ", "extensions "], dice)?;
    let digits: Vec<_> =
        lines[at].match_indices(|it: char| it.is_ascii_digit()).map(|(at, _)| at).collect();
    match dice.of(&digits) {
        Some(digit) => lines[at].replace_range(digit..=digit, &dice.below(10).to_string()),
        None => lines[at] = lines[at].replacen('"', "\"new_", 1),
    }
    Some(())
}

fn stream(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
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

fn level(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = starting(lines, &["rpc ", "option idempotency_level"], dice)?;
    let level = dice.of(&["NO_SIDE_EFFECTS", "IDEMPOTENT", "IDEMPOTENCY_UNKNOWN"])?;
    let option = format!("option idempotency_level = {level};");
    if lines[at].trim().starts_with("option") {
        lines[at] = option;
    } else if opens(&lines[at]) {
        lines.insert(at + 1, option);
    } else {
        lines[at] = format!("{} {{ {option} }}", lines[at].trim_end_matches(';'));
    }
    Some(())
}

fn map(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
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

fn wrap(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = member(lines, dice)?;
    let line = lines[at].trim().to_owned();
    let bare =
        ["optional ", "required "].iter().find_map(|it| line.strip_prefix(it)).unwrap_or(&line);
    lines[at] = format!("  oneof new_{} {{\n    {bare}\n  }}", dice.below(9));
    Some(())
}

fn unwrap(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
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

fn package(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = starting(lines, &["package "], dice)?;
    lines[at] = lines[at].replace(';', ".other;");
    Some(())
}

fn accessor(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
    let at = starting(lines, &["message "], dice)?;
    if lines.get(at + 1)?.contains("accessor") {
        lines.remove(at + 1);
    }
    if opens(&lines[at]) {
        lines.insert(at + 1, "option no_standard_descriptor_accessor = true;".to_owned());
    }
    Some(())
}

/// Takes a member away and reserves its number, its name or both.
fn reserve(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
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

fn rename_block(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
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

/// Puts one word of the file in the place of another.
fn word(lines: &mut Vec<String>, dice: &mut Dice) -> Option<()> {
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
