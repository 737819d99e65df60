//! Fields that leave a process sealed only.

/// Which fields of a message, and of what it is made of, are sealed.
#[derive(Debug, Clone, Copy)]
pub struct Sealed {
    /// Messages that have such fields, or lead to some. They name each other by their places here, as a message may hold
    /// itself.
    pub messages: &'static [SealedMessage],
    /// Place of the message that is meant.
    pub index: usize,
}

/// A message that has sealed fields, or leads to some.
#[derive(Debug)]
pub struct SealedMessage {
    /// Full proto name.
    pub name: &'static str,
    /// The fields that count.
    pub fields: &'static [SealedField],
}

/// A field that is sealed, or leads to some that are.
#[derive(Debug)]
pub struct SealedField {
    /// Its number.
    pub number: u32,
    /// Its proto name.
    pub name: &'static str,
    /// Place of the message that it holds; `None` where the field itself is sealed. The entries of a map are messages.
    pub inside: Option<usize>,
}

/// What is sealed on the two sides of a method.
#[derive(Debug, Clone, Copy)]
pub struct SealedSides {
    /// In its requests.
    pub request: Option<Sealed>,
    /// In its responses.
    pub response: Option<Sealed>,
}

impl SealedSides {
    /// Nothing is.
    pub const NONE: Self = Self { request: None, response: None };

    /// Whether anything is.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.request.is_some() || self.response.is_some()
    }
}

impl Sealed {
    /// Full name of the message.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.messages.get(self.index).map_or("", |message| message.name)
    }
}
