//! Errors that a method declares, so that its callers match on them.
//!
//! Generated enums are made of these. What travels is a [`Status`]: its reason names the error, and a detail holds its
//! message, if there is one. So callers who don't know the error have a status like any other.

use std::fmt;
use std::ops::Deref;

use prost::{Message, Name};

use super::{Result, Status};

/// A declared error with its details, and the status that it travels in.
///
/// It derefs to the details. Small on the stack, as a [`Status`] is.
#[derive(Clone, PartialEq)]
pub struct Declared<T>(Box<Inner<T>>);

#[derive(Clone, PartialEq)]
struct Inner<T> {
    details: T,
    status: Status,
}

impl Status {
    /// Makes this the status of a declared error: a handler chooses code and words, the schema knows the details.
    #[must_use]
    pub fn because<T: Message + Name>(self, details: T) -> Declared<T> {
        let status = self.with_detail(&details).with_reason(T::full_name());
        Declared(Box::new(Inner { details, status }))
    }

    /// Whether this is the declared error of a name, or may be: a status without a reason is what its details say.
    fn may_be(&self, name: &str) -> bool {
        self.reason().is_none_or(|reason| reason == name)
    }
}

impl<T> Declared<T> {
    /// What the handler tells of it.
    #[must_use]
    pub fn details(&self) -> &T {
        &self.0.details
    }

    /// What the handler tells of it, to keep.
    #[must_use]
    pub fn into_details(self) -> T {
        self.0.details
    }

    /// The status that it travels in: its code and its words.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.0.status
    }
}

impl<T: Message + Name + Default> Declared<T> {
    /// Recognises a declared error by its reason and its details.
    ///
    /// # Errors
    /// The status again, when it is something else or its details are malformed.
    pub fn read(status: Status) -> Result<Self> {
        let details = status.may_be(&T::full_name()).then(|| status.detail()).flatten();
        match details {
            Some(details) => Ok(Self(Box::new(Inner { details, status }))),
            None => Err(status),
        }
    }
}

impl<T> Deref for Declared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.details()
    }
}

impl<T> From<Declared<T>> for Status {
    fn from(declared: Declared<T>) -> Self {
        declared.0.status
    }
}

impl<T> fmt::Display for Declared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.status().fmt(f)
    }
}

impl<T: fmt::Debug> fmt::Debug for Declared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { details, status } = &*self.0;
        f.debug_struct("Declared").field("status", status).field("details", details).finish()
    }
}

impl<T: fmt::Debug> std::error::Error for Declared<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::RevisionConflict;

    const CONFLICT: RevisionConflict = RevisionConflict { current_revision: 7, key: String::new() };

    #[test]
    fn a_status_is_the_declared_error_that_it_was_made_of() {
        let declared = Status::aborted("stale").because(CONFLICT);
        assert_eq!(declared.current_revision, 7);
        assert_eq!(Declared::read(Status::from(declared.clone())), Ok(declared));
    }

    #[test]
    fn details_without_a_reason_are_enough() {
        let status = Status::aborted("stale").with_detail(&CONFLICT);
        assert_eq!(Declared::read(status).map(Declared::into_details), Ok(CONFLICT));
    }

    #[test]
    fn another_reason_missing_and_malformed_details_are_no_declared_error() {
        let name = RevisionConflict::full_name();
        let other = Status::aborted("stale").with_detail(&CONFLICT).with_reason("a.b.Other");
        let bare = Status::aborted("stale").with_reason(name.clone());
        let garbage = super::super::Detail { type_name: name, value: vec![0xff].into() };
        for status in [other, bare, Status::aborted("").with_raw_detail(garbage)] {
            assert_eq!(Declared::<RevisionConflict>::read(status.clone()), Err(status));
        }
    }
}
