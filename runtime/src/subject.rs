//! Subjects: values that only literals and escaped tokens can build, so that user data never adds a token.

use std::borrow::Cow;
use std::fmt;

use crate::status::Status;

/// Longest escaped token, in bytes. Longer values are replaced by their hash.
pub const TOKEN_BYTES_MAX: usize = 128;

/// A subject that a message can be published to: no wildcards, no empty tokens, printable ASCII.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject(Cow<'static, str>);

impl Subject {
    /// Wraps a literal, checked when the constant is evaluated.
    ///
    /// # Panics
    /// When the text is not a subject; in a `const`, that is a compile error.
    #[must_use]
    pub const fn literal(text: &'static str) -> Self {
        assert!(
            is_subject(text.as_bytes()),
            "not a subject: use tokens of printable ASCII between dots"
        );
        Self(Cow::Borrowed(text))
    }

    /// Reads a subject that came from outside.
    pub fn parse(text: &str) -> Result<Self, Status> {
        if is_subject(text.as_bytes()) {
            Ok(Self(Cow::Owned(text.to_owned())))
        } else {
            Err(Status::invalid_argument(format!(
                "`{}` is not a subject: use tokens of printable ASCII without wildcards between dots",
                text.escape_default()
            )))
        }
    }

    /// Wraps text that the caller has checked.
    pub(crate) fn checked(text: String) -> Self {
        debug_assert!(is_subject(text.as_bytes()), "not a subject: {text}");
        Self(Cow::Owned(text))
    }

    /// Wraps the subject of a method, which generation has checked; `None` when it has fields to fill in.
    pub(crate) fn of_method(text: &'static str) -> Option<Self> {
        if text.contains('*') {
            return None;
        }
        debug_assert!(is_subject(text.as_bytes()), "not a subject: {text}");
        Some(Self(Cow::Borrowed(text)))
    }

    /// Changes the text, where it is; it must remain a subject.
    pub(crate) fn rewrite(&mut self, change: impl FnOnce(&mut String)) {
        change(self.0.to_mut());
        debug_assert!(is_subject(self.0.as_bytes()), "not a subject: {self}");
    }

    /// The text that goes on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({})", self.0)
    }
}

/// Builds a subject token by token. Generated code is its usual caller.
#[derive(Debug, Default)]
pub struct SubjectBuilder(String);

impl SubjectBuilder {
    /// Starts with literal tokens, such as `svc.state.manager.v1`.
    #[must_use]
    pub fn new(literal: &'static str) -> Self {
        Self(literal.to_owned())
    }

    /// Appends literal tokens.
    #[must_use]
    pub fn literal(mut self, tokens: &'static str) -> Self {
        self.dot();
        self.0.push_str(tokens);
        self
    }

    /// Appends one token made of any text, escaped.
    #[must_use]
    pub fn token(mut self, value: &str) -> Self {
        self.dot();
        escape_into(value, &mut self.0);
        self
    }

    /// Appends one token made of an integer.
    #[must_use]
    pub fn integer(self, value: impl Into<i128>) -> Self {
        let value: i128 = value.into();
        self.token(&value.to_string())
    }

    /// Appends one token made of a yes or no: `true` or `false`.
    #[must_use]
    pub fn boolean(self, value: bool) -> Self {
        self.token(if value { "true" } else { "false" })
    }

    /// Finishes the subject.
    #[must_use]
    pub fn build(self) -> Subject {
        debug_assert!(
            is_subject(self.0.as_bytes()),
            "literals passed to the builder are subjects: {}",
            self.0
        );
        Subject(Cow::Owned(self.0))
    }

    fn dot(&mut self) {
        if !self.0.is_empty() {
            self.0.push('.');
        }
    }
}

/// A pattern to subscribe to: a subject whose tokens may be `*`, and whose last may be `>`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Filter(Cow<'static, str>);

impl Filter {
    /// Wraps a literal.
    ///
    /// # Panics
    /// When the text is not a filter; in a `const`, that is a compile error.
    #[must_use]
    pub const fn literal(text: &'static str) -> Self {
        assert!(
            is_filter(text.as_bytes()),
            "not a filter: `*` stands alone in a token, `>` in the last one"
        );
        Self(Cow::Borrowed(text))
    }

    /// Reads a filter that came from outside.
    pub fn parse(text: &str) -> Result<Self, Status> {
        if is_filter(text.as_bytes()) {
            Ok(Self(Cow::Owned(text.to_owned())))
        } else {
            Err(Status::invalid_argument(format!(
                "`{}` is not a subject filter: `*` stands alone in a token, `>` in the last one",
                text.escape_default()
            )))
        }
    }

    /// The text that goes on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether a subject matches.
    #[must_use]
    pub fn matches(&self, subject: &str) -> bool {
        let mut tokens = subject.split('.');
        for pattern in self.0.split('.') {
            match (pattern, tokens.next()) {
                (">", Some(_)) => return true,
                ("*", Some(_)) => {}
                (literal, Some(token)) if literal == token => {}
                _ => return false,
            }
        }
        tokens.next().is_none()
    }
}

impl From<&Subject> for Filter {
    fn from(subject: &Subject) -> Self {
        Self(subject.0.clone())
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filter({})", self.0)
    }
}

/// Escapes any text into one token: `[A-Za-z0-9_-]` stay, every other byte becomes `=XX`, nothing becomes `=`.
///
/// Two different values never share a token, but for values whose token would exceed [`TOKEN_BYTES_MAX`]:
/// those become `=h` and a 128-bit hash.
#[must_use]
pub fn escape(value: &str) -> String {
    let mut token = String::with_capacity(value.len());
    escape_into(value, &mut token);
    token
}

/// The same, appended.
pub(crate) fn escape_into(value: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let start = out.len();
    if value.is_empty() {
        out.push('=');
        return;
    }
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' {
            out.push(char::from(byte));
        } else {
            out.push('=');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
        if out.len() - start > TOKEN_BYTES_MAX {
            out.truncate(start);
            out.push_str("=h");
            out.push_str(&hash(value.as_bytes()));
            return;
        }
    }
}

/// Reads an escaped token back; `None` for a hashed or malformed one.
#[must_use]
pub fn unescape(token: &str) -> Option<String> {
    if token == "=" {
        return Some(String::new());
    }
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'=' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().filter(|value| !value.is_empty() && escape(value) == token)
}

fn hash(bytes: &[u8]) -> String {
    let digest = blake3::hash(bytes);
    digest.as_bytes()[..16].iter().fold(String::with_capacity(32), |mut text, byte| {
        use fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

const fn is_subject(text: &[u8]) -> bool {
    if text.is_empty() {
        return false;
    }
    let mut at = 0;
    let mut token = 0;
    while at < text.len() {
        match text[at] {
            b'.' if token == 0 => return false,
            b'.' => token = 0,
            b'*' | b'>' => return false,
            0x21..=0x7e => token += 1,
            _ => return false,
        }
        at += 1;
    }
    token > 0
}

const fn is_filter(text: &[u8]) -> bool {
    if text.is_empty() {
        return false;
    }
    let mut at = 0;
    let mut token = 0;
    let mut wild = false;
    while at < text.len() {
        match text[at] {
            b'.' => {
                if token == 0 || (wild && (token > 1 || text[at - 1] == b'>')) {
                    return false;
                }
                token = 0;
                wild = false;
            }
            b'*' | b'>' => {
                wild = true;
                token += 1;
            }
            0x21..=0x7e => token += 1,
            _ => return false,
        }
        at += 1;
    }
    token > 0 && !(wild && token > 1)
}
