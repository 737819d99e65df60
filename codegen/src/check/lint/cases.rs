//! Names in the cases that buf knows, oddities included.

/// `PascalCase`: the letter after a delimiter becomes large, and large ones stay.
pub(super) fn pascal(name: &str) -> String {
    let mut output = String::new();
    let mut after_delimiter = true;
    for char in name.trim().chars() {
        if is_delimiter(char) {
            after_delimiter = true;
            continue;
        }
        if after_delimiter || char.is_uppercase() {
            output.extend(char.to_uppercase());
        } else {
            output.extend(char.to_lowercase());
        }
        after_delimiter = false;
    }
    output
}

/// `lower_snake_case`.
pub(super) fn lower_snake(name: &str) -> String {
    snake(name).to_lowercase()
}

/// `UPPER_SNAKE_CASE`.
pub(super) fn upper_snake(name: &str) -> String {
    snake(name).to_uppercase()
}

/// A digit begins no word, and of large letters in a row only the last does, if a small one follows.
fn snake(name: &str) -> String {
    let chars: Vec<char> = name.trim_matches(is_delimiter).chars().collect();
    let mut output = String::new();
    for (index, &char) in chars.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| chars[before]);
        if is_delimiter(char) {
            if !output.ends_with('_') {
                output.push('_');
            }
            continue;
        }
        let next = chars.get(index + 1);
        let leads =
            next.is_some_and(|&it| !it.is_uppercase() && !it.is_ascii_digit() && !is_delimiter(it));
        let new_word = char.is_uppercase() && (leads || before.is_some_and(char::is_lowercase));
        if new_word && !output.is_empty() && !output.ends_with('_') {
            output.push('_');
        }
        output.push(char);
    }
    output
}

fn is_delimiter(char: char) -> bool {
    matches!(char, '.' | '-' | '_' | ' ' | '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case_is_that_of_buf() {
        let cases = [
            ("fooHTTPBar", "foo_http_bar"),
            ("_x", "x"),
            ("x__y", "x_y"),
            ("a1B", "a1b"),
            ("ABc1", "a_bc1"),
            ("aBC", "a_bc"),
            ("aB1", "a_b1"),
            ("a_1B", "a_1b"),
            ("xA1b", "x_a1b"),
            ("xA_b", "x_a_b"),
        ];
        for (name, expected) in cases {
            assert_eq!(lower_snake(name), expected, "{name}");
        }
        assert_eq!(upper_snake("fooBar"), "FOO_BAR");
    }

    #[test]
    fn pascal_case_is_that_of_buf() {
        let cases =
            [("A__B", "AB"), ("HTTPServer", "HTTPServer"), ("foo1bar", "Foo1bar"), ("__x", "X")];
        for (name, expected) in cases {
            assert_eq!(pascal(name), expected, "{name}");
        }
    }
}
