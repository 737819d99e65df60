//! Messages as they are shown: with sensitive fields opened by whoever has the keys, and hidden from others.

use anyhow::Context as _;
use bodybroker_runtime::seal::strip;
use bodybroker_runtime::spec::Sealed;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _,
};
use serde_json::Value;

use crate::catalogue;

/// What stands for a field that isn't shown.
const HIDDEN: &str = "<sealed>";

/// A message, and which fields of it aren't shown.
#[derive(Debug)]
pub(crate) struct Shown {
    message: DynamicMessage,
    hidden: Vec<Vec<u32>>,
}

impl Shown {
    /// Reads a message; `hide` says which fields are left out, whether they are sealed or in the clear.
    pub(crate) fn read(
        descriptor: &MessageDescriptor,
        bytes: &[u8],
        hide: Option<Sealed>,
    ) -> anyhow::Result<Self> {
        let stripped = hide.map(|sealed| strip(sealed, bytes)).transpose();
        let stripped = stripped.map_err(|why| anyhow::anyhow!("{why}"))?;
        let (rest, hidden) = stripped.map(|it| (it.rest, it.left_out)).unwrap_or_default();
        let message = DynamicMessage::decode(descriptor.clone(), rest.as_deref().unwrap_or(bytes));
        let message = message.with_context(|| format!("this is no {}", descriptor.name()))?;
        Ok(Self { message, hidden })
    }

    /// Writes it as JSON.
    pub(crate) fn to_json(&self, pretty: bool) -> anyhow::Result<String> {
        let mut value = catalogue::value_of(&self.message)?;
        for path in &self.hidden {
            hide(&mut value, &self.message.descriptor(), path);
        }
        catalogue::text_of(&value, pretty)
    }
}

/// Hides a field wherever the path leads: of several messages in a list, in all.
fn hide(value: &mut Value, message: &MessageDescriptor, path: &[u32]) {
    let Some((number, rest)) = path.split_first() else { return };
    let Some(field) = message.get_field(*number) else { return };
    let Value::Object(object) = value else { return };
    let name = field.json_name();
    if rest.is_empty() {
        object.insert(name.to_owned(), HIDDEN.into());
        return;
    }
    let (inner, rest) = inside(&field, rest);
    let (Some(inner), Some(value)) = (inner, object.get_mut(name)) else { return };
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, &inner, rest)),
        Value::Object(entries) if field.is_map() => {
            entries.values_mut().for_each(|entry| hide(entry, &inner, rest));
        }
        value => hide(value, &inner, rest),
    }
}

/// The message that a field holds, and the path on from there; of a map the message that is its value.
fn inside<'a>(field: &FieldDescriptor, path: &'a [u32]) -> (Option<MessageDescriptor>, &'a [u32]) {
    let message = |kind: Kind| kind.as_message().cloned();
    match (field.is_map(), message(field.kind())) {
        (true, Some(entry)) => {
            let value = entry.map_entry_value_field().kind();
            (message(value), path.get(1..).unwrap_or_default())
        }
        (_, inner) => (inner, path),
    }
}

#[cfg(test)]
mod tests {
    use bodybroker_codegen::schema::model::Type;
    use bodybroker_codegen::{Input, Schema, load_text};
    use prost::Message as _;

    use super::*;
    use crate::catalogue::{Catalogue, from_json};

    const SCHEMA: &str = r#"
syntax = "proto3";
package acme.zoo.v1;
import "bodybroker/options/v1/options.proto";
service ZooService {
  option (bodybroker.options.v1.service) = { subject: "svc.zoo.v1" queue_group: "q.zoo" };
  rpc Open(Cage) returns (Cage);
}
message Cage {
  string name = 1;
  string secret_word = 2 [(bodybroker.options.v1.field).sensitive = true];
  repeated uint32 codes = 3 [(bodybroker.options.v1.field).sensitive = true];
  repeated Cage inside = 4;
  map<string, Cage> by_door = 5;
  Cage best = 6;
}
"#;

    fn schema() -> Schema {
        let file = ("acme/zoo/v1/zoo.proto".to_owned(), SCHEMA.to_owned());
        let loaded = load_text(&Input::new(""), [file].into());
        loaded.unwrap_or_else(|findings| panic!("{findings}"))
    }

    #[test]
    fn what_is_sensitive_is_hidden_wherever_it_is_and_the_rest_is_shown() {
        let catalogue = Catalogue::of(schema());
        let descriptor = catalogue.message("acme.zoo.v1.Cage").expect("it is declared");
        let full_name = "acme.zoo.v1.Cage".to_owned();
        let message = Type { full_name, package: String::new(), path: Vec::new() };
        let sealed = catalogue.sealed(&message).expect("it has secrets");
        let inner = r#"{"name": "inner", "secretWord": "hunter2", "codes": [4711]}"#;
        let json = format!(
            r#"{{"name": "outer", "secretWord": "hunter2", "inside": [{inner}],
                 "byDoor": {{"north": {inner}}}, "best": {inner}}}"#
        );
        let bytes = from_json(&descriptor, &json).expect("a cage").encode_to_vec();
        let shown = Shown::read(&descriptor, &bytes, Some(sealed)).expect("a cage");
        let text = shown.to_json(false).expect("JSON");
        assert!(!text.contains("hunter2") && !text.contains("4711"), "{text}");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["secretWord"], HIDDEN);
        assert_eq!(value["codes"], Value::Array(Vec::new()), "there was none");
        for inner in [&value["inside"][0], &value["byDoor"]["north"], &value["best"]] {
            assert_eq!((&inner["secretWord"], &inner["codes"]), (&HIDDEN.into(), &HIDDEN.into()));
            assert_eq!(inner["name"], "inner");
        }
        let open = Shown::read(&descriptor, &bytes, None).expect("a cage");
        assert!(open.to_json(false).expect("JSON").contains("hunter2"));
    }
}
