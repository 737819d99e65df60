//! What the schemas offer, found by the names that people type.

use std::borrow::Cow;
use std::fmt::Display;
use std::path::Path;

use anyhow::Context as _;
use bodybroker_codegen::Schema;
use bodybroker_codegen::schema::model::{Event, Method, Model, Service, Template, Token, Type};
use bodybroker_runtime::content;
use bodybroker_runtime::headers::name;
use bodybroker_runtime::spec::{Sealed, SealedField, SealedMessage};
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};

/// The schemas of the workspace.
#[derive(Debug)]
pub(crate) struct Catalogue {
    schema: Schema,
}

impl Catalogue {
    /// Reads `proto/`.
    pub(crate) fn load(root: &Path) -> anyhow::Result<Self> {
        Ok(Self { schema: crate::cmd::load_schema(root)? })
    }

    /// Takes schemas that are read already.
    #[cfg(test)]
    pub(crate) fn of(schema: Schema) -> Self {
        Self { schema }
    }

    /// Everything, as a model.
    pub(crate) fn model(&self) -> &Model {
        &self.schema.model
    }

    /// Finds `TimeService.GetTime`; the full name and a slash will do too, and case doesn't matter.
    pub(crate) fn method(&self, name: &str) -> anyhow::Result<(&Service, &Method)> {
        let wanted = name.replace('/', ".");
        let all = self
            .services()
            .flat_map(|service| service.methods.iter().map(move |method| (service, method)));
        pick(&wanted, "method", all, |(service, method)| {
            [
                method.full_name.clone(),
                format!("{}.{}", service.name, method.name),
                method.name.clone(),
            ]
        })
    }

    /// Finds an event by its message's name.
    pub(crate) fn event(&self, name: &str) -> anyhow::Result<&Event> {
        let all = self.model().packages.iter().flat_map(|package| &package.events);
        pick(name, "event", all, |event| {
            let full = event.message.full_name.clone();
            let short = last(&full).to_owned();
            [full, short, event.ident.clone()]
        })
    }

    /// The descriptor of a message that the schemas declare.
    pub(crate) fn message(&self, full_name: &str) -> anyhow::Result<MessageDescriptor> {
        self.schema
            .pool
            .get_message_by_name(full_name)
            .with_context(|| format!("no schema declares {full_name}"))
    }

    /// What is sealed in a message that a service, a bucket or an event carries. Leaked: a command asks for a handful and ends.
    pub(crate) fn sealed(&self, message: &Type) -> Option<Sealed> {
        let packages = &self.model().packages;
        let package = packages.iter().find(|package| package.sealed_in(message).is_some())?;
        let messages = package.sealed.iter().map(|it| {
            let fields = it.fields.iter().map(|field| SealedField {
                number: field.number,
                name: keep(&field.name),
                inside: field.inside,
            });
            let fields = Box::leak(fields.collect());
            SealedMessage { name: keep(&it.full_name), fields }
        });
        let messages = Box::leak(messages.collect());
        let index = package.sealed.iter().position(|it| it.full_name == message.full_name)?;
        Some(Sealed { messages, index })
    }

    fn services(&self) -> impl Iterator<Item = &Service> {
        self.model().packages.iter().flat_map(|package| &package.services)
    }
}

/// Reads a message from JSON.
pub(crate) fn from_json(
    descriptor: &MessageDescriptor,
    json: &str,
) -> anyhow::Result<DynamicMessage> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let message = DynamicMessage::deserialize(descriptor.clone(), &mut reader)
        .and_then(|message| reader.end().map(|()| message));
    message.with_context(|| {
        let fields: Vec<_> =
            descriptor.fields().map(|field| field.json_name().to_owned()).collect();
        format!("this is no {}, whose fields are {}", descriptor.name(), fields.join(", "))
    })
}

/// The bytes of an event that its stream holds, before it was compressed.
pub(crate) fn event_bytes(message: &async_nats::Message) -> anyhow::Result<Cow<'_, [u8]>> {
    let header = |name| Some(message.headers.as_ref()?.get(name)?.as_str());
    let (encoding, size) = (header(name::CONTENT_ENCODING), header(name::RAW_SIZE));
    let opened = content::decode(encoding, size, &message.payload, content::MESSAGE_BYTES_MAX)?;
    Ok(opened.map_or(Cow::Borrowed(&message.payload[..]), Cow::Owned))
}

/// Reads an event as its stream holds it.
pub(crate) fn read_event(
    descriptor: &MessageDescriptor,
    message: &async_nats::Message,
) -> anyhow::Result<DynamicMessage> {
    let event = DynamicMessage::decode(descriptor.clone(), &*event_bytes(message)?);
    event.with_context(|| format!("{} carries something else", message.subject))
}

/// A text for ever.
pub(crate) fn keep(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

/// Writes a message as JSON, unset fields included: `false` and 0 are answers too.
pub(crate) fn to_json(message: &DynamicMessage, pretty: bool) -> anyhow::Result<String> {
    text_of(&value_of(message)?, pretty)
}

/// A message as JSON.
pub(crate) fn value_of(message: &DynamicMessage) -> anyhow::Result<serde_json::Value> {
    let options = SerializeOptions::new().skip_default_fields(false);
    Ok(message.serialize_with_options(serde_json::value::Serializer, &options)?)
}

/// JSON as text.
pub(crate) fn text_of(value: &serde_json::Value, pretty: bool) -> anyhow::Result<String> {
    Ok(if pretty { serde_json::to_string_pretty(value)? } else { value.to_string() })
}

/// The subject of a message, with its fields filled in and escaped.
pub(crate) fn subject_of(template: &Template, message: &DynamicMessage) -> anyhow::Result<String> {
    let tokens = template.tokens.iter().map(|token| match token {
        Token::Literal(text) => Ok(text.clone()),
        Token::Field(field) => {
            let value = message.get_field_by_name(&field.name);
            let value =
                value.with_context(|| format!("the message has no field {}", field.name))?;
            Ok(bodybroker_runtime::subject::escape(&text(&value)))
        }
    });
    Ok(tokens.collect::<anyhow::Result<Vec<_>>>()?.join("."))
}

fn text(value: &prost_reflect::Value) -> String {
    use prost_reflect::Value;
    fn show(value: impl Display) -> String {
        value.to_string()
    }
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(value) => show(value),
        Value::I32(number) | Value::EnumNumber(number) => show(number),
        Value::I64(number) => show(number),
        Value::U32(number) => show(number),
        Value::U64(number) => show(number),
        // The schema's checks let nothing else into a subject.
        Value::F32(_)
        | Value::F64(_)
        | Value::Bytes(_)
        | Value::Message(_)
        | Value::List(_)
        | Value::Map(_) => String::new(),
    }
}

fn pick<T: Copy>(
    name: &str,
    what: &str,
    all: impl Iterator<Item = T>,
    names: impl Fn(T) -> [String; 3],
) -> anyhow::Result<T> {
    let all: Vec<T> = all.collect();
    let matches = |one: &&T| names(**one).iter().any(|known| known.eq_ignore_ascii_case(name));
    let found: Vec<T> = all.iter().filter(matches).copied().collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            let stem = last(name).to_lowercase();
            let near = all.iter().filter(|one| names(**one)[1].to_lowercase().contains(&stem));
            let mut near: Vec<_> = near.map(|one| names(*one)[1].clone()).collect();
            if near.is_empty() {
                near = all.iter().map(|one| names(*one)[1].clone()).collect();
            }
            anyhow::bail!("no {what} is called `{name}`; there are {}", listed(&near))
        }
        several => {
            let full: Vec<_> = several.iter().map(|one| names(*one)[0].clone()).collect();
            anyhow::bail!("`{name}` could be any of {}", listed(&full))
        }
    }
}

/// Names that an error lists; more are counted.
const LISTED_MAX: usize = 12;

fn listed(names: &[String]) -> String {
    let more = names.len().saturating_sub(LISTED_MAX);
    let listed = names[..names.len() - more].join(", ");
    if more > 0 { format!("{listed} and {more} more") } else { listed }
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
