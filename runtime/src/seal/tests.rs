//! What is sealed opens to what it was, in its place and nowhere else; whatever else comes is refused and shows nothing.

use proptest::prelude::*;
use prost::Message as _;

use super::{Guard, Keyring, Protection, Purpose, Sealing, envelope, strip, walk};
use crate::spec::example::FEED;
use crate::spec::{MethodSpec, Sealed, SealedField, SealedMessage};
use crate::status::{Code, Executed};

const fn leaf(number: u32, name: &'static str) -> SealedField {
    SealedField { number, name, inside: None }
}

const fn inner(number: u32, name: &'static str, inside: usize) -> SealedField {
    SealedField { number, name, inside: Some(inside) }
}

/// A secret of every kind, in a message that holds itself.
const SECRETS: Sealed = Sealed {
    messages: &[
        SealedMessage {
            name: "acme.v1.Secrets",
            fields: &[
                leaf(1, "word"),
                leaf(2, "number"),
                leaf(3, "packed"),
                leaf(4, "words"),
                leaf(5, "whole"),
                inner(6, "inside", 0),
                inner(7, "by_name", 1),
                leaf(8, "ratio"),
                leaf(9, "half"),
                leaf(12, "all"),
            ],
        },
        SealedMessage { name: "acme.v1.Secrets.ByNameEntry", fields: &[inner(2, "value", 0)] },
    ],
    index: 0,
};

#[derive(Clone, PartialEq, prost::Message)]
struct Secrets {
    #[prost(string, optional, tag = "1")]
    word: Option<String>,
    #[prost(sint64, tag = "2")]
    number: i64,
    #[prost(uint32, repeated, tag = "3")]
    packed: Vec<u32>,
    #[prost(bytes = "vec", repeated, tag = "4")]
    words: Vec<Vec<u8>>,
    #[prost(message, optional, boxed, tag = "5")]
    whole: Option<Box<Secrets>>,
    #[prost(message, repeated, tag = "6")]
    inside: Vec<Secrets>,
    #[prost(btree_map = "string, message", tag = "7")]
    by_name: std::collections::BTreeMap<String, Secrets>,
    #[prost(double, tag = "8")]
    ratio: f64,
    #[prost(fixed32, tag = "9")]
    half: u32,
    #[prost(string, tag = "10")]
    public: String,
    #[prost(oneof = "Way", tags = "11, 12")]
    way: Option<Way>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Way {
    #[prost(string, tag = "11")]
    Open(String),
    #[prost(bool, tag = "12")]
    All(bool),
}

fn secrets() -> impl Strategy<Value = Secrets> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..40);
    let plain = (
        prop::option::of(".{0,20}"),
        any::<i64>(),
        prop::collection::vec(any::<u32>(), 0..5),
        prop::collection::vec(bytes(), 0..3),
        -1e9..1e9_f64,
        any::<u32>(),
        ".{0,20}",
        prop::option::of(any::<bool>()),
    );
    let plain = plain.prop_map(|(word, number, packed, words, ratio, half, public, way)| Secrets {
        word,
        number,
        packed,
        words,
        ratio,
        half,
        way: way.map(|all| if all { Way::All(true) } else { Way::Open(public.clone()) }),
        public,
        ..Secrets::default()
    });
    plain.prop_recursive(3, 12, 3, |deeper| {
        let children = (
            deeper.clone(),
            prop::option::of(deeper.clone()),
            prop::collection::vec(deeper.clone(), 0..3),
            prop::collection::btree_map("[a-z]{0,3}", deeper, 0..3),
        );
        children.prop_map(|(mut secrets, whole, inside, by_name)| {
            (secrets.whole, secrets.inside, secrets.by_name) =
                (whole.map(Box::new), inside, by_name);
            secrets
        })
    })
}

const OTHER: MethodSpec = MethodSpec { name: "Wash", ..FEED };
static FEEDING: MethodSpec = FEED;
static WASHING: MethodSpec = OTHER;

fn guard(protection: &Protection) -> Guard {
    protection.guard(SECRETS, Purpose::Request(&FEEDING))
}

fn strict() -> Protection {
    Protection::new(Keyring::random())
}

fn word(word: &str) -> Vec<u8> {
    Secrets { word: Some(word.to_owned()), ..Secrets::default() }.encode_to_vec()
}

fn sealed(guard: &Guard, message: &[u8]) -> Vec<u8> {
    guard.seal(message).expect("it is sealed").expect("it has secrets")
}

proptest! {
    #[test]
    fn what_is_sealed_opens_to_the_same_bytes(secrets in secrets()) {
        let (bytes, guard) = (secrets.encode_to_vec(), guard(&strict()));
        let sealed = guard.seal(&bytes).unwrap();
        let opened = sealed.as_ref().and_then(|sealed| guard.open(sealed).unwrap());
        prop_assert_eq!(opened.as_ref().unwrap_or(&bytes), &bytes);
        // What isn't secret is where it was, for whoever has no keys.
        let rest = strip(SECRETS, sealed.as_ref().unwrap_or(&bytes)).unwrap().rest;
        let rest = Secrets::decode(rest.as_deref().unwrap_or(&bytes)).unwrap();
        prop_assert_eq!((&rest.public, &rest.word, rest.number), (&secrets.public, &None, 0));
    }

    #[test]
    fn any_bytes_are_refused_or_pass_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for sealing in [Sealing::Strict, Sealing::Lenient, Sealing::Off] {
            let guard = guard(&strict().sealing(sealing));
            let _ = guard.open(&bytes);
            let _ = guard.seal(&bytes);
        }
    }

    #[test]
    fn sealed_bytes_that_were_changed_anywhere_never_open_to_another_secret(
        text in "[a-z]{1,30}", at in any::<prop::sample::Index>(), flip in 1_u8..,
    ) {
        let guard = guard(&strict());
        let mut bytes = sealed(&guard, &word(&text));
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(opened) = guard.open(&bytes) {
            // The change made another field of it, which is none of ours.
            let bytes = opened.unwrap_or(bytes);
            let word = Secrets::decode(bytes.as_slice()).ok().and_then(|secrets| secrets.word);
            prop_assert!(word.is_none() || word == Some(text));
        }
    }

    #[test]
    fn sealed_bytes_that_are_cut_are_refused(text in "[a-z]{1,30}", at in any::<prop::sample::Index>()) {
        let guard = guard(&strict());
        let bytes = sealed(&guard, &word(&text));
        let at = at.index(bytes.len());
        prop_assert!(at == 0 || guard.open(&bytes[..at]).is_err());
    }
}

#[test]
fn no_secret_is_in_what_is_sealed_and_no_two_are_alike() {
    let guard = guard(&strict());
    let (one, two) = (sealed(&guard, &word("hunter2")), sealed(&guard, &word("hunter2")));
    assert_ne!(one, two);
    assert!(!one.windows(7).any(|window| window == b"hunter2"));
}

#[test]
fn what_belongs_elsewhere_does_not_open() {
    let protection = strict();
    let at = |purpose| protection.guard(SECRETS, purpose);
    let (one, message) = (Purpose::Request(&FEEDING), word("hunter2"));
    let request = sealed(&at(one), &message);
    for other in [
        Purpose::Response(&FEEDING),
        Purpose::Request(&WASHING),
        Purpose::Stored("acme.v1.Secrets"),
        Purpose::Kept(&FEEDING),
    ] {
        let status = at(other).open(&request).unwrap_err();
        assert_eq!(
            status.code(),
            match other {
                Purpose::Request(_) => Code::InvalidArgument,
                Purpose::Response(_) | Purpose::Stored(_) | Purpose::Kept(_) => Code::DataLoss,
            }
        );
        let words = "`acme.v1.Secrets.word` does not open with the key `random`";
        assert!(status.message().starts_with(words), "{status}");
        let moved = sealed(&at(other), &message);
        assert!(at(one).open(&moved).is_err(), "{other:?}");
    }
    assert_eq!(at(one).open(&request).unwrap().unwrap(), message);
}

#[test]
fn a_value_does_not_open_as_another_field() {
    let guard = guard(&strict());
    let value = |number: u8| {
        let bytes = Secrets { words: vec![b"x".to_vec()], ..Secrets::default() };
        let mut bytes = sealed(&guard, &bytes.encode_to_vec());
        assert_eq!(bytes[0], 4 << 3 | 2);
        bytes[0] = number << 3 | 2;
        bytes
    };
    assert!(guard.open(&value(4)).is_ok());
    for other in [1, 5, 12] {
        assert_eq!(guard.open(&value(other)).unwrap_err().code(), Code::InvalidArgument);
    }
    // The same field of a message inside.
    let mut deeper = Vec::new();
    walk::put(6, walk::DELIMITED, &value(4), &mut deeper);
    let status = guard.open(&deeper).unwrap_err();
    assert!(status.message().contains("`acme.v1.Secrets.inside.words`"), "{status}");
}

#[test]
fn the_clear_is_taken_only_by_who_may() {
    let (message, keys) = (word("hunter2"), Keyring::random());
    let strict = Protection::new(keys.clone());
    let status = guard(&strict).open(&message).unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::FailedPrecondition, Executed::No));
    assert!(status.message().contains("`acme.v1.Secrets.word` came in the clear"), "{status}");
    assert!(!format!("{status} {status:?}").contains("hunter2"));
    for sealing in [Sealing::Lenient, Sealing::Off] {
        let guard = guard(&strict.clone().sealing(sealing));
        assert_eq!(guard.open(&message).unwrap().as_ref(), Some(&message));
        assert_eq!(guard.seal(&message).unwrap().is_some(), sealing == Sealing::Lenient);
    }
    // A message without secrets is taken by all, as there is nothing to seal.
    let plain = Secrets { public: "lions".to_owned(), ..Secrets::default() }.encode_to_vec();
    assert_eq!(guard(&strict).open(&plain).unwrap(), None);
    assert_eq!(guard(&strict).seal(&plain).unwrap(), None);
}

#[test]
fn keys_are_introduced_in_three_steps_without_a_message_lost() {
    let keys = Keyring::random();
    let step = |sealing| Protection::new(keys.clone()).sealing(sealing);
    let steps =
        [Protection::off(), step(Sealing::Off), step(Sealing::Lenient), step(Sealing::Strict)];
    for pair in steps.windows(2) {
        for (from, to) in [(0, 1), (1, 0), (0, 0), (1, 1)] {
            let message = word("hunter2");
            let sent = guard(&pair[from]).seal(&message).unwrap().unwrap_or(message.clone());
            let taken = guard(&pair[to]).open(&sent).unwrap().unwrap_or(sent);
            assert_eq!(taken, message, "{pair:?}");
        }
    }
    // A step that is left out isn't harmless.
    let sent = guard(&steps[2]).seal(&word("hunter2")).unwrap().unwrap();
    assert!(guard(&steps[0]).open(&sent).is_err());
    assert!(guard(&steps[3]).open(&word("hunter2")).is_err());
}

#[test]
fn a_key_is_replaced_in_three_steps_without_a_message_lost() {
    let (old, new) = (super::key_line("old").unwrap(), super::key_line("new").unwrap());
    let ring = |lines: &[&str]| Protection::new(Keyring::parse(&lines.join("\n")).unwrap());
    let steps = [ring(&[&old]), ring(&[&old, &new]), ring(&[&new, &old]), ring(&[&new])];
    for pair in steps.windows(2) {
        for (from, to) in [(0, 1), (1, 0)] {
            let sent = sealed(&guard(&pair[from]), &word("hunter2"));
            // What the last step forgets must have been sealed anew before; calls that are under way are sealed so.
            let forgotten = from == 0 && std::ptr::eq(&raw const pair[1], &raw const steps[3]);
            let forgotten = forgotten && sent.windows(3).any(|window| window == b"old");
            assert_eq!(guard(&pair[to]).open(&sent).is_err(), forgotten);
        }
    }
    let status = guard(&steps[0]).open(&sealed(&guard(&steps[3]), &word("x"))).unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains("sealed with the key `new`"), "{status}");
}

#[test]
fn one_id_with_two_keys_is_found_out() {
    let status = guard(&strict()).open(&sealed(&guard(&strict()), &word("x"))).unwrap_err();
    assert!(status.message().contains("does not open with the key `random`"), "{status}");
}

#[test]
fn without_keys_nothing_is_sent_or_taken_unless_that_is_wanted() {
    let none = guard(&Protection::default());
    for status in [none.seal(&word("x")).unwrap_err(), none.open(&word("x")).unwrap_err()] {
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert!(status.message().contains("BB_KEYS"), "{status}");
    }
    let off = guard(&Protection::off());
    assert_eq!(off.seal(&word("x")).unwrap(), None);
    let status = off.open(&sealed(&guard(&strict()), &word("x"))).unwrap_err();
    assert!(status.message().contains("this process has no keys"), "{status}");
}

#[test]
fn depth_is_bounded_and_unknown_fields_stay() {
    let guard = guard(&strict());
    let mut deep = word("x");
    for _ in 0..5_000 {
        let mut outer = Vec::new();
        walk::put(6, walk::DELIMITED, &deep, &mut outer);
        deep = outer;
    }
    assert_eq!(guard.seal(&deep).unwrap_err().code(), Code::InvalidArgument);
    let groups = [0x73_u8].repeat(100_000);
    assert_eq!(guard.open(&groups).unwrap_err().code(), Code::InvalidArgument);
    // A group of number 14 with another inside, a number longer than it must be, and a secret.
    let unknown = [0x73, 0x7b, 0x08, 0x01, 0x7c, 0x74, 0xf8, 0x00, 0x81, 0x00];
    let message = [&unknown[..], &word("x"), &unknown].concat();
    let sealed = sealed(&guard, &message);
    assert!(sealed.starts_with(&unknown) && sealed.ends_with(&unknown));
    assert_eq!(guard.open(&sealed).unwrap().unwrap(), message);
}

#[test]
fn a_secret_group_is_sealed_as_a_whole() {
    let guard = guard(&strict());
    let mut message = Vec::new();
    walk::put(5, walk::GROUP, &word("hunter2"), &mut message);
    let sealed = sealed(&guard, &message);
    assert!(envelope::is_sealed(&sealed[2..]), "tag and length");
    assert_eq!(guard.open(&sealed).unwrap().unwrap(), message);
}

#[test]
fn nothing_shows_a_key_or_a_value() {
    let line = super::key_line("2026-11").unwrap();
    let protection = Protection::new(Keyring::parse(&line).unwrap());
    let shown = format!("{protection:?} {:?}", guard(&protection));
    assert!(shown.contains("2026-11") && !shown.contains(&line[8..]), "{shown}");
}
