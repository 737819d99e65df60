use super::Sealed;

/// In which versions the values of a bucket are.
#[derive(Debug, Clone, Copy)]
pub struct Versions {
    /// The version of the bucket's message, from 1.
    pub current: u32,
    /// The version that values are written in: this one, or the one before while instances run that know no later one.
    pub written: u32,
    /// What values of the versions before are, the oldest first and without a gap up to the last.
    pub earlier: &'static [Earlier],
}

/// What the values of a bucket were in an earlier version.
#[derive(Debug, Clone, Copy)]
pub struct Earlier {
    /// The version.
    pub version: u32,
    /// Full name of the message.
    pub value: &'static str,
    /// What is sealed in it.
    pub sealed: Option<Sealed>,
}

impl Versions {
    /// One version, and nothing before it.
    pub const FIRST: Self = Self { current: 1, written: 1, earlier: &[] };
}
