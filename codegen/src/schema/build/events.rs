use heck::ToSnakeCase as _;

use super::subject::template;
use super::types::resolve;
use crate::schema::ident;
use crate::schema::model::{Consume, Event};
use crate::schema::survey::{Message, Survey};

/// Resolves a message that is an event; `None` for any other.
pub(super) fn event(survey: &Survey, message: &Message) -> Option<Event> {
    let written = message.event.as_ref()?;
    Some(Event {
        message: resolve(survey, &message.full_name),
        docs: message.docs.clone(),
        deprecated: message.deprecated,
        ident: ident::snake(&message.name),
        subject: template(&written.subject, Some(message)),
        stream: written.stream.clone(),
        bucket: written.bucket.clone(),
    })
}

/// Resolves an event that a service consumes; `None` if the name is no event's.
pub(super) fn consume(survey: &Survey, package: &str, short: &str, name: &str) -> Option<Consume> {
    let message = survey.find_message(package, name)?;
    let event = event(survey, message)?;
    let words = message.name.to_snake_case();
    let major = super::packages::major(short);
    let owner =
        short.rsplit_once('.').filter(|_| major.is_some()).map_or(short, |(owner, _)| owner);
    let kebab = |text: &str| text.replace(['_', '.'], "-");
    Some(Consume {
        ident: format!("on_{words}"),
        durable: format!("{}-{}", kebab(owner), kebab(&words)),
        event,
    })
}
