//! Sets of subjects, and whether two of them meet.

/// A pattern of subjects, as NATS matches them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern(Vec<Token>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Token {
    Literal(String),
    One,
    Rest,
}

impl Pattern {
    /// Reads a pattern with `*` and `>`, or a subject with `{field}`; `None` if the server would refuse it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let count = text.split('.').count();
        let tokens = text.split('.').enumerate().map(|(index, token)| match token {
            "*" => Some(Token::One),
            ">" if index + 1 == count => Some(Token::Rest),
            hole if hole.starts_with('{') && hole.ends_with('}') => Some(Token::One),
            literal => {
                let legal = |byte: u8| byte.is_ascii_graphic() && !b"*>{}".contains(&byte);
                let good = !literal.is_empty() && literal.bytes().all(legal);
                good.then(|| Token::Literal(literal.to_owned()))
            }
        });
        tokens.collect::<Option<_>>().map(Self)
    }

    /// Tells whether some subject matches both.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let (mut left, mut right) = (self.0.iter(), other.0.iter());
        loop {
            match (left.next(), right.next()) {
                (None, None) | (Some(Token::Rest), Some(_)) | (Some(_), Some(Token::Rest)) => {
                    return true;
                }
                (Some(Token::Literal(a)), Some(Token::Literal(b))) if a != b => return false,
                (Some(_), Some(_)) => {}
                (None, Some(_)) | (Some(_), None) => return false,
            }
        }
    }

    /// Tells whether every subject that the other matches is matched by this one.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let (mut left, mut right) = (self.0.iter(), other.0.iter());
        loop {
            match (left.next(), right.next()) {
                (None, None) | (Some(Token::Rest), Some(_)) => return true,
                (Some(Token::One), Some(Token::One | Token::Literal(_))) => {}
                (Some(Token::Literal(a)), Some(Token::Literal(b))) if a == b => {}
                (None, Some(_)) | (Some(_), _) => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).expect(text)
    }

    #[test]
    fn patterns_meet_where_one_subject_matches_both() {
        let cases = [
            ("a.b", "a.b", true),
            ("a.*", "a.b", true),
            ("a.{x}", "a.b", true),
            ("a.>", "a.b.c", true),
            ("a.>", "a", false),
            ("*.b", "a.*", true),
            ("a.*.c", "a.b.d", false),
            ("a.b", "a.b.c", false),
            (">", "x", true),
        ];
        for (left, right, meet) in cases {
            assert_eq!(pattern(left).meets(&pattern(right)), meet, "{left} and {right}");
            assert_eq!(pattern(right).meets(&pattern(left)), meet, "{right} and {left}");
        }
    }

    #[test]
    fn a_pattern_covers_what_is_narrower() {
        let cases = [
            ("a.>", "a.*.c", true),
            ("a.*", "a.b", true),
            ("a.b", "a.*", false),
            ("a.*", "a.>", false),
            ("a.>", "a", false),
        ];
        for (wide, narrow, covers) in cases {
            assert_eq!(pattern(wide).covers(&pattern(narrow)), covers, "{wide} over {narrow}");
        }
    }

    #[test]
    fn nonsense_is_no_pattern() {
        for text in ["", "a..b", "a.>.b", "a.b*", "a b", ".a", "a."] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
    }
}
