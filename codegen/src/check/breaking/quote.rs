//! Values as `buf`'s messages write them.

use std::fmt::Write as _;

/// Quotes a text as Go's `%q` does.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        // Writing to a string can't fail.
        let _ = match character {
            '"' | '\\' => write!(quoted, "\\{character}"),
            '\u{7}' => write!(quoted, "\\a"),
            '\u{8}' => write!(quoted, "\\b"),
            '\u{c}' => write!(quoted, "\\f"),
            '\n' => write!(quoted, "\\n"),
            '\r' => write!(quoted, "\\r"),
            '\t' => write!(quoted, "\\t"),
            '\u{b}' => write!(quoted, "\\v"),
            it if it.is_ascii_control() => write!(quoted, "\\x{:02x}", u32::from(it)),
            it => write!(quoted, "{it}"),
        };
    }
    quoted.push('"');
    quoted
}

/// Quotes names and puts commas between them.
pub(super) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// Writes a number as Go's `%v` does: short, with an exponent where it is far from 1.
pub(super) fn float(digits: &str, value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let Some((mantissa, exponent)) = digits.split_once('e') else { return digits.to_owned() };
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-4..21).contains(&power) {
        return format!("{value}");
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", power.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_in_go() {
        let written = |value: f64| float(&format!("{value:e}"), value);
        let values = [0.5, 1e20, 1e21, 1.5e-7, -3.0, 123_456_789.0, 1e-4];
        let expected =
            ["0.5", "100000000000000000000", "1e+21", "1.5e-07", "-3", "123456789", "0.0001"];
        assert_eq!(values.map(written), expected);
    }
}
