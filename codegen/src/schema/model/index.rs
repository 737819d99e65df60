use std::collections::BTreeSet;

use super::{Bucket, FieldPath, Type};

/// By what values of a bucket are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Name, such as `by_owner`: that of the lookup, too.
    pub name: String,
    /// Fields that are asked for.
    pub fields: Vec<IndexField>,
    /// Whether at most one value may say the same.
    pub unique: bool,
}

impl Bucket {
    /// Indexes by which at most one value is found.
    pub fn unique(&self) -> impl Iterator<Item = &Index> {
        self.indexes.iter().filter(|index| index.unique)
    }
}

impl Index {
    /// Whether both go by the same fields, whatever their names are and in which order.
    #[must_use]
    pub fn says_like(&self, other: &Self) -> bool {
        let numbers = |index: &Self| {
            let numbers = index.fields.iter().map(|it| it.field.numbers.clone());
            numbers.collect::<BTreeSet<_>>()
        };
        numbers(self) == numbers(other)
    }

    /// Its fields as the schema names them, such as `owner_id and name`.
    #[must_use]
    pub fn texts(&self) -> String {
        let texts: Vec<_> = self.fields.iter().map(|it| &*it.field.text).collect();
        texts.join(" and ")
    }
}

/// A field of a value, or of a message inside it, that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexField {
    /// The field.
    pub field: FieldPath,
    /// Rust identifier of the lookup's parameter, such as `place_region_id`.
    pub ident: String,
    /// Type of its value as the schema writes it, or `enum`.
    pub scalar: &'static str,
    /// The enum, if it is one.
    pub enumeration: Option<Type>,
    /// How often it is there.
    pub occurs: Occurs,
}

/// How often a field is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurs {
    /// Always.
    Always,
    /// Where it is set.
    Optional,
    /// Any number of times.
    Repeated,
}
