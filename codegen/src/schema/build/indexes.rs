use heck::ToUpperCamelCase as _;

use super::routes::{field_path, follow};
use super::types::resolve_enum;
use crate::schema::model::{Index, IndexField, Occurs};
use crate::schema::survey::{Field, Message, Survey, Value};
use crate::schema::{ident, option};

/// By what values of a bucket are found. Fields that can't be resolved are left out.
pub(super) fn indexes(
    survey: &Survey,
    value: Option<&Message>,
    written: &option::Bucket,
) -> Vec<Index> {
    let index = |it: &option::Index| {
        let option::Index { name, fields, unique } = it;
        let fields = fields.iter().filter_map(|path| field(survey, value?, path));
        Index { name: name.clone(), fields: fields.collect(), unique: *unique }
    };
    written.indexes.iter().map(index).collect()
}

/// Name of the store of a bucket with indexes.
pub(super) fn store_ident(written: &option::Bucket) -> Option<String> {
    (!written.indexes.is_empty()).then(|| format!("{}Store", written.name.to_upper_camel_case()))
}

fn field(survey: &Survey, value: &Message, path: &str) -> Option<IndexField> {
    let fields = follow(survey, value, path)?;
    let found = fields.last()?;
    let enumeration = match &found.value {
        Value::Enum(name) => Some(resolve_enum(survey, name)),
        _ => None,
    };
    Some(IndexField {
        field: field_path(path, &fields),
        ident: parameter(path),
        scalar: scalar(found)?,
        enumeration,
        occurs: occurs(found),
    })
}

/// Name of the parameter that stands for a field.
pub(crate) fn parameter(path: &str) -> String {
    ident::snake(&path.replace('.', "_"))
}

/// The type of what an index can hold, or `enum`; `None` for what it can't.
pub(crate) fn scalar(field: &Field) -> Option<&'static str> {
    if field.key.is_some() {
        return None;
    }
    match field.value {
        Value::Text => Some("string"),
        Value::Bool => Some("bool"),
        Value::Integer(name) => Some(name),
        Value::Enum(_) => Some("enum"),
        Value::Bytes | Value::Float(_) | Value::Message(_) => None,
    }
}

fn occurs(field: &Field) -> Occurs {
    if field.repeated {
        Occurs::Repeated
    } else if field.optional || field.oneof.is_some() {
        Occurs::Optional
    } else {
        Occurs::Always
    }
}
