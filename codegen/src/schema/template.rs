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

/// A stretch of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mark<'a> {
    /// Text that stays.
    Text(&'a str),
    /// A field's name between braces.
    Hole(&'a str),
    /// Something that can't stand there.
    Bad(&'a str),
}

/// Splits a key into text and holes, wherever they stand.
pub(crate) fn marks(text: &str) -> Vec<Mark<'_>> {
    let mut list = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = match rest.strip_prefix('{') {
            Some(inner) => inner.find('}').map_or(rest.len(), |at| at + 2),
            None => rest.find('{').unwrap_or(rest.len()),
        };
        let (mark, after) = rest.split_at(end);
        let hole = mark.strip_prefix('{').map(|rest| rest.strip_suffix('}').unwrap_or_default());
        list.push(match hole {
            Some(name) if is_name(name) => Mark::Hole(name),
            None if mark.bytes().all(is_of_key) => Mark::Text(mark),
            _ => Mark::Bad(mark),
        });
        rest = after;
    }
    list
}

fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'{' | b'}')
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
    fn a_key_has_holes_wherever_they_stand() {
        let expected = [Mark::Text("npc:"), Mark::Hole("id"), Mark::Hole("b"), Mark::Text(":x")];
        assert_eq!(marks("npc:{id}{b}:x"), expected);
        for bad in ["{", "{}", "{a.b}", "a b", "}", "é"] {
            assert_eq!(marks(bad), [Mark::Bad(bad)], "{bad}");
        }
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
