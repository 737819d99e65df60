//! Every field that a subject names, with its place.

use crate::schema::survey::{Element, Message, Survey};
use crate::schema::template::{Piece, pieces};

/// A field that a subject names.
pub(super) struct Hole<'a> {
    pub(super) name: &'a str,
    /// Method or message whose option it is in.
    pub(super) element: &'a Element,
    /// Path of that option.
    pub(super) path: &'static str,
    /// Message whose field it should be.
    pub(super) message: &'a Message,
}

/// Fields in the subjects of events, and of methods that take one request.
pub(super) fn holes(survey: &Survey) -> Vec<Hole<'_>> {
    let methods = survey.services().flat_map(|(_, service)| &service.methods);
    let methods = methods.filter(|method| !method.client_streaming).filter_map(|method| {
        let message = survey.messages.get(&method.request)?;
        Some((method.options.operation.as_ref()?, &method.element, "operation", message))
    });
    let events = survey.events();
    let events = events.map(|(_, it, event)| (&event.subject, &it.element, "subject", it));
    let mut holes = Vec::new();
    for (text, element, path, message) in methods.chain(events) {
        for piece in pieces(text) {
            if let Piece::Hole(name) = piece {
                holes.push(Hole { name, element, path, message });
            }
        }
    }
    holes
}
