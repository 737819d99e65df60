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
    /// Whether the entries of both lie at one place: the runtime names it after the index, its fields in their order, the class
    /// of their types and how often they are there (`IndexSpec::place`). Nobody looks for entries at another place.
    #[must_use]
    pub fn lies_like(&self, other: &Self) -> bool {
        let fields = |index: &Self| -> Vec<_> {
            let fields = index.fields.iter();
            fields.map(|it| (it.field.numbers.clone(), it.class(), it.occurs)).collect()
        };
        self.name == other.name && fields(self) == fields(other)
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

impl IndexField {
    /// What values are written as where they are looked up: those of one class read alike, whatever their width.
    fn class(&self) -> Class {
        match self.scalar {
            "string" => Class::Text,
            "bool" => Class::Bool,
            "uint32" | "uint64" | "fixed32" | "fixed64" => Class::Unsigned,
            // Enums as well.
            _ => Class::Signed,
        }
    }
}

/// Types whose values are written alike.
#[derive(Debug, PartialEq, Eq)]
enum Class {
    Text,
    Bool,
    Unsigned,
    Signed,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn index(name: &str, fields: &[(u32, &'static str, Occurs)]) -> Index {
        let field = |&(number, scalar, occurs): &(u32, &'static str, Occurs)| IndexField {
            field: FieldPath { text: String::new(), numbers: vec![4, number] },
            ident: String::new(),
            scalar,
            enumeration: None,
            occurs,
        };
        Index { name: name.to_owned(), fields: fields.iter().map(field).collect(), unique: true }
    }

    #[test]
    fn entries_lie_elsewhere_when_anything_differs_that_their_place_is_named_after() {
        use Occurs::{Always, Optional};
        let one = index("by_both", &[(1, "int32", Always), (2, "string", Always)]);
        let alike = [(1, "sint64", Always), (2, "string", Always)];
        assert!(one.lies_like(&index("by_both", &alike)));
        assert!(one.lies_like(&index("by_both", &[(1, "enum", Always), alike[1]])));
        assert!(!one.lies_like(&index("by_all", &alike)));
        for other in [
            [alike[1], alike[0]],
            [(3, "int32", Always), alike[1]],
            [(1, "uint32", Always), alike[1]],
            [(1, "bool", Always), alike[1]],
            [alike[0], (2, "string", Optional)],
        ] {
            assert!(!one.lies_like(&index("by_both", &other)), "{other:?}");
        }
        assert!(!one.lies_like(&index("by_both", &alike[..1])));
    }
}
