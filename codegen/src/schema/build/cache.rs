use super::events::event;
use super::policy::time;
use super::subject::shape;
use crate::schema::model::{Cache, Invalidation, KeyField, KeyPart, Kind, Token};
use crate::schema::survey::{File, Message, Method, Survey, Value};
use crate::schema::template::{Mark, marks};
use crate::schema::{duration, option};

/// How answers are kept near their callers. What can't be resolved is left out.
pub(super) fn cache(survey: &Survey, file: &File, kind: Kind, method: &Method) -> Option<Cache> {
    let written = method.options.cache.as_ref().filter(|_| kind == Kind::Unary)?;
    let option::Cache { key, local_ttl, shared_ttl, negative_ttl, stale_ttl, invalidated_by } =
        written;
    let request = survey.messages.get(&method.request)?;
    let key: Vec<_> = marks(key).into_iter().filter_map(|mark| part(request, &mark)).collect();
    let events = invalidated_by
        .iter()
        .filter_map(|name| invalidation(survey, &key, survey.find_message(&file.package, name)?));
    Some(Cache {
        local_ttl: duration::parse(local_ttl).unwrap_or_default(),
        shared_ttl: time(shared_ttl.as_ref()),
        negative_ttl: time(negative_ttl.as_ref()),
        stale_ttl: time(stale_ttl.as_ref()),
        invalidated_by: events.collect(),
        key,
    })
}

fn part(request: &Message, mark: &Mark<'_>) -> Option<KeyPart> {
    let name = match mark {
        Mark::Text(text) => return Some(KeyPart::Literal((*text).to_owned())),
        Mark::Hole(name) => *name,
        Mark::Bad(_) => return None,
    };
    let field = request.fields.iter().find(|field| field.name == name)?;
    shape(field)?;
    let scalar = match field.value {
        Value::Text => "string",
        Value::Bool => "bool",
        Value::Integer(name) => name,
        Value::Enum(_) => "enum",
        Value::Bytes | Value::Float(_) | Value::Message(_) => return None,
    };
    let name = name.to_owned();
    Some(KeyPart::Field(KeyField { number: field.number, name, scalar }))
}

fn invalidation(survey: &Survey, key: &[KeyPart], message: &Message) -> Option<Invalidation> {
    let event = event(survey, message)?;
    let fields = key.iter().filter_map(|part| match part {
        KeyPart::Field(field) => Some(&field.name),
        KeyPart::Literal(_) => None,
    });
    let token = |name: &String| {
        let is = |token: &Token| matches!(token, Token::Field(field) if field.name == *name);
        event.subject.tokens.iter().position(is)
    };
    let tokens = fields.map(token).collect::<Option<_>>()?;
    Some(Invalidation { filter: event.subject.pattern(), stream: event.stream, tokens })
}
