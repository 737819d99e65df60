//! Subjects as schemas write them: literal tokens, and `{field}` where a value goes.

/// One token as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Text that stays.
    Literal(&'a str),
    /// A field's name between braces.
    Hole(&'a str),
    /// Something that can't be a token.
    Bad(&'a str, Fault),
}

/// Why something can't be a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is nothing between two dots.
    Empty,
    /// `*` or `>`.
    Wildcard,
    /// Braces that don't hold exactly one field's name, or don't fill the token.
    Braces,
    /// `$`: the server's own subjects begin with it.
    Reserved,
    /// Any other character outside of `[A-Za-z0-9_-]`.
    Character,
}

/// Splits a subject into its tokens. An empty subject has none.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    if text.is_empty() {
        return Vec::new();
    }
    text.split('.').map(piece).collect()
}

fn piece(token: &str) -> Piece<'_> {
    let hole = token.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    if let Some(name) = hole.filter(|name| is_name(name)) {
        return Piece::Hole(name);
    }
    let fault = if token.is_empty() {
        Fault::Empty
    } else if token.contains(['{', '}']) {
        Fault::Braces
    } else if token.contains(['*', '>']) {
        Fault::Wildcard
    } else if token.contains('$') {
        Fault::Reserved
    } else if is_literal(token) {
        return Piece::Literal(token);
    } else {
        Fault::Character
    };
    Piece::Bad(token, fault)
}

/// Tells whether text is a name of letters, digits, `-` and `_`.
pub(crate) fn is_literal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_told_apart() {
        let expected = [Piece::Literal("get-it"), Piece::Hole("tenant_id")];
        assert_eq!(pieces("get-it.{tenant_id}"), expected);
    }

    #[test]
    fn each_fault_has_its_name() {
        let faults = [
            ("", Fault::Empty),
            ("*", Fault::Wildcard),
            ("a>", Fault::Wildcard),
            ("{", Fault::Braces),
            ("{}", Fault::Braces),
            ("{a}b", Fault::Braces),
            ("{a.b}", Fault::Braces),
            ("$JS", Fault::Reserved),
            ("a b", Fault::Character),
            ("é", Fault::Character),
        ];
        for (token, fault) in faults {
            let subject = format!("x.{token}");
            assert!(
                matches!(pieces(&subject)[1], Piece::Bad(_, found) if found == fault),
                "{token}"
            );
        }
    }
}
