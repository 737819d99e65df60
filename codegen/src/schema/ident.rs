//! Rust names of proto names, by the rules of prost-build: both must agree, or generated code doesn't compile.

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};

/// Keywords that can be raw identifiers.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static",
    "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// Name of a field, a method or a module, such as `r#type` or `get_time`.
pub(crate) fn snake(name: &str) -> String {
    escape(name.to_snake_case())
}

/// Name of a type, such as `Http2Server` or `Self_`.
pub(crate) fn camel(name: &str) -> String {
    escape(name.to_upper_camel_case())
}

/// Name of an enum's value: in camel case, without the enum's own name at its start.
pub(crate) fn variant(enumeration: &str, value: &str) -> String {
    let (prefix, name) = (camel(enumeration), camel(value));
    let stripped = name.strip_prefix(&prefix).unwrap_or(&name);
    let whole = stripped.chars().next().is_some_and(char::is_uppercase);
    escape(if whole { stripped.to_owned() } else { name })
}

/// Whether case conversion leaves nothing of a name.
pub(crate) fn is_lost(name: &str) -> bool {
    !name.contains(char::is_alphanumeric)
}

/// Whether a digit comes first after case conversion, which only fields, methods and types are protected from.
pub(crate) fn begins_with_digit(name: &str) -> bool {
    name.trim_start_matches(['_', '-']).starts_with(char::is_numeric)
}

fn escape(ident: String) -> String {
    match ident.as_str() {
        keyword if KEYWORDS.contains(&keyword) => format!("r#{ident}"),
        "_" | "super" | "self" | "Self" | "extern" | "crate" => format!("{ident}_"),
        digit if digit.starts_with(char::is_numeric) => format!("_{ident}"),
        _ => ident,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_escaped_as_prost_does() {
        assert_eq!(snake("Type"), "r#type");
        assert_eq!(snake("gen"), "r#gen");
        assert_eq!(snake("Self"), "self_");
        assert_eq!(camel("self"), "Self_");
        assert_eq!(camel("2fast"), "_2fast");
    }

    #[test]
    fn digits_and_capitals_split_as_prost_does() {
        assert_eq!(snake("Get2Pages3"), "get2_pages3");
        assert_eq!(camel("HTTPServer_v2"), "HttpServerV2");
    }

    #[test]
    fn values_lose_the_name_of_their_enum() {
        assert_eq!(variant("Some", "SOME_SELF"), "Self_");
        assert_eq!(variant("Foo", "FOOBAR"), "Foobar");
        assert_eq!(variant("Foo", "OTHER"), "Other");
    }
}
