//! Merge patches (RFC 7396) of protobuf's `Struct`, which is JSON's object.

use prost_types::value::Kind;
use prost_types::{Struct, Value};

/// Merges a patch into an object: null removes, objects merge, everything else replaces.
#[must_use]
pub fn merge(mut target: Struct, patch: Struct) -> Struct {
    for (name, value) in patch.fields {
        match value.kind {
            None | Some(Kind::NullValue(_)) => drop(target.fields.remove(&name)),
            Some(Kind::StructValue(patch)) => {
                let merged = merge(object(target.fields.remove(&name)), patch);
                target.fields.insert(name, Value { kind: Some(Kind::StructValue(merged)) });
            }
            Some(kind) => drop(target.fields.insert(name, Value { kind: Some(kind) })),
        }
    }
    target
}

/// What a patch of an object is merged into: anything but an object counts as an empty one.
fn object(value: Option<Value>) -> Struct {
    match value.and_then(|value| value.kind) {
        Some(Kind::StructValue(object)) => object,
        _ => Struct::default(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(kind: Kind) -> Value {
        Value { kind: Some(kind) }
    }

    fn text(text: &str) -> Value {
        value(Kind::StringValue(text.to_owned()))
    }

    fn null() -> Value {
        value(Kind::NullValue(0))
    }

    fn nested(fields: &[(&str, Value)]) -> Value {
        value(Kind::StructValue(record(fields)))
    }

    fn record(fields: &[(&str, Value)]) -> Struct {
        Struct {
            fields: fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        }
    }

    #[test]
    fn the_examples_of_the_rfc_hold() {
        // RFC 7396, appendix A: original, patch, result; those whose documents are objects.
        let list = |items: &[&str]| {
            let values = items.iter().map(|item| text(item)).collect();
            value(Kind::ListValue(prost_types::ListValue { values }))
        };
        let cases = [
            (record(&[("a", text("b"))]), record(&[("a", text("c"))]), record(&[("a", text("c"))])),
            (
                record(&[("a", text("b"))]),
                record(&[("b", text("c"))]),
                record(&[("a", text("b")), ("b", text("c"))]),
            ),
            (record(&[("a", text("b"))]), record(&[("a", null())]), record(&[])),
            (
                record(&[("a", list(&["b"]))]),
                record(&[("a", text("c"))]),
                record(&[("a", text("c"))]),
            ),
            (
                record(&[("a", text("c"))]),
                record(&[("a", list(&["b"]))]),
                record(&[("a", list(&["b"]))]),
            ),
            (
                record(&[("a", nested(&[("b", text("c"))]))]),
                record(&[("a", nested(&[("b", text("d")), ("c", null())]))]),
                record(&[("a", nested(&[("b", text("d"))]))]),
            ),
            (
                record(&[("e", null())]),
                record(&[("a", text("1"))]),
                record(&[("e", null()), ("a", text("1"))]),
            ),
            (
                record(&[]),
                record(&[("a", nested(&[("bb", nested(&[("ccc", null())]))]))]),
                record(&[("a", nested(&[("bb", nested(&[]))]))]),
            ),
        ];
        for (original, patch, result) in cases {
            assert_eq!(merge(original, patch), result);
        }
    }

    fn tree() -> impl Strategy<Value = Struct> {
        let leaf = prop_oneof![
            Just(null()),
            any::<bool>().prop_map(|it| value(Kind::BoolValue(it))),
            "[a-z]{0,4}".prop_map(|it| text(&it)),
        ];
        let any = leaf.prop_recursive(3, 16, 4, |inner| {
            prop::collection::btree_map("[a-d]", inner, 0..4)
                .prop_map(|fields| value(Kind::StructValue(Struct { fields })))
        });
        prop::collection::btree_map("[a-d]", any, 0..4).prop_map(|fields| Struct { fields })
    }

    fn has_null(tree: &Struct) -> bool {
        tree.fields.values().any(|value| match &value.kind {
            None | Some(Kind::NullValue(_)) => true,
            Some(Kind::StructValue(inner)) => has_null(inner),
            Some(_) => false,
        })
    }

    proptest! {
        #[test]
        fn a_patch_applied_twice_changes_nothing_more(target in tree(), patch in tree()) {
            let once = merge(target, patch.clone());
            prop_assert_eq!(merge(once.clone(), patch), once);
        }

        #[test]
        fn merging_into_nothing_leaves_no_null(patch in tree()) {
            prop_assert!(!has_null(&merge(Struct::default(), patch)));
        }

        #[test]
        fn what_a_patch_does_not_name_stays(target in tree(), patch in tree()) {
            let merged = merge(target.clone(), patch.clone());
            for (name, value) in target.fields {
                if !patch.fields.contains_key(&name) {
                    prop_assert_eq!(merged.fields.get(&name), Some(&value));
                }
            }
        }
    }
}
