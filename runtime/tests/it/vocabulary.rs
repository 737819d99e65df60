//! What holds for every subject and every header, whatever text it is made of.

use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::subject::{
    Filter, Subject, SubjectBuilder, TOKEN_BYTES_MAX, escape, unescape,
};
use proptest::prelude::*;

/// Text that likes to be where it hurts.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-zA-Z0-9_=.*>$ \r\n-]{0,60}", "[=h0-9a-fA-F]{0,40}"]
}

proptest! {
    #[test]
    fn an_escaped_text_is_one_token(value in text()) {
        let token = escape(&value);
        prop_assert!(!token.is_empty() && token.len() <= TOKEN_BYTES_MAX);
        prop_assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-=".contains(&b)), "{token}");
        let subject = SubjectBuilder::new("evt.x").token(&value).literal("y").build();
        prop_assert_eq!(subject.as_str().split('.').count(), 4);
        prop_assert!(Subject::parse(subject.as_str()).is_ok());
        prop_assert!(Filter::literal("evt.x.*.y").matches(subject.as_str()));
        prop_assert!(!Filter::literal("evt.*").matches(subject.as_str()));
    }

    #[test]
    fn different_texts_have_different_tokens(one in text(), other in text()) {
        prop_assert_eq!(one == other, escape(&one) == escape(&other));
    }

    #[test]
    fn a_token_is_read_back_unless_it_was_hashed(value in text()) {
        let token = escape(&value);
        if token.starts_with("=h") {
            prop_assert_eq!(unescape(&token), None);
        } else {
            prop_assert_eq!(unescape(&token), Some(value));
        }
    }

    #[test]
    fn only_what_escape_writes_is_read(token in text()) {
        if let Some(value) = unescape(&token) {
            prop_assert_eq!(escape(&value), token);
        }
    }

    #[test]
    fn a_subject_from_outside_has_no_wildcard_space_or_empty_token(text in text()) {
        if let Ok(subject) = Subject::parse(&text) {
            prop_assert!(subject.as_str().split('.').all(|token| !token.is_empty()));
            prop_assert!(!subject.as_str().contains(['*', '>', ' ', '\r', '\n', '\t']));
            prop_assert!(Filter::from(&subject).matches(&text));
        }
    }

    #[test]
    fn a_header_brings_no_other_along(name in text(), value in text()) {
        let mut headers = Headers::new();
        if headers.insert(&name, value.clone()).is_ok() {
            headers.insert("Last", "one").unwrap();
            let mut block = Vec::new();
            headers.encode(&mut block);
            prop_assert_eq!(block.len(), headers.encoded_len());
            let read = Headers::decode(&block);
            let names: Vec<&str> = read.iter().map(|(name, _)| name).collect();
            if name.eq_ignore_ascii_case("last") {
                prop_assert_eq!(names, [name.as_str()]);
            } else {
                prop_assert_eq!(names, [name.as_str(), "Last"]);
                prop_assert_eq!(read.get(&name), Some(value.trim()));
            }
        }
    }

    #[test]
    fn any_block_is_read_without_a_panic(block in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Headers::decode(&block);
    }
}
