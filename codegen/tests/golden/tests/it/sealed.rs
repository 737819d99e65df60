use bodybroker_runtime::Event as _;
use bodybroker_runtime::seal::{Keyring, Protection, Stripped, strip};
use golden::api::keeper::v1::{HireRequest, SHIFT_BUCKET, ShiftChanged, keeper_service};
use golden::api::zoo::v1::Secret;
use golden::api::zoo::v1::secret::{Code, Method};
use prost::Message as _;

fn secret(name: &str) -> Secret {
    let code = || Code { digits: name.as_bytes().to_vec().into(), used: Some(true) };
    Secret {
        cage: "lions".to_owned(),
        key: name.to_owned(),
        spares: vec![name.to_owned(), name.to_owned()],
        codes: vec![code()],
        method: Some(Method::Password(name.to_owned())),
        inner: None,
        doors: [("north".to_owned(), code())].into(),
        words: [(name.to_owned(), name.to_owned())].into(),
    }
}

/// Messages of another package, in a map, in themselves.
#[test]
fn a_table_leads_to_every_secret_and_to_nothing_else() {
    let outer = Secret { inner: Some(Box::new(secret("hunter2"))), ..secret("hunter2") };
    let opens = [("gate".to_owned(), outer)].into();
    let request = HireRequest { name: "ann".to_owned(), opens, ..HireRequest::default() };
    let sealed = keeper_service::SPEC.methods[0].sealed;
    assert!(sealed.response.is_none());
    let sealed = sealed.request.expect("it holds secrets");
    assert_eq!(sealed.name(), "acme.keeper.v1.HireRequest");

    let Stripped { rest, left_out } = strip(sealed, &request.encode_to_vec()).expect("a message");
    let rest = HireRequest::decode(&*rest.expect("there were secrets")).expect("still one");
    let public = |code: &Code| code.digits.is_empty() && code.used == Some(true);
    let mut seen = 0;
    let mut open: Vec<_> = rest.opens.values().collect();
    while let Some(secret) = open.pop() {
        seen += 1;
        assert_eq!(secret.cage, "lions");
        assert!(secret.key.is_empty() && secret.spares.is_empty() && secret.words.is_empty());
        assert!(secret.method.is_none());
        assert!(secret.codes.iter().chain(secret.doors.values()).all(public));
        open.extend(secret.inner.as_deref());
    }
    assert_eq!((seen, rest.name.as_str()), (2, "ann"));
    // A key, two spares, a word, an entry of the map, and the digits of a list and of a map: twice.
    assert_eq!(left_out.len(), 14);
}

#[test]
fn a_secret_number_is_sealed_alike_in_the_event_and_in_its_bucket() {
    let shift = ShiftChanged { keeper_id: "ann".to_owned(), ends_at: 7, wage: Some(120_000) };
    let protection = Protection::new(Keyring::random());
    let (value, event) = (SHIFT_BUCKET.sealed, ShiftChanged::spec().sealed);
    let (value, event) = (value.expect("it is secret"), event.expect("it is secret"));
    let stored = protection.stored(value).seal(&shift.encode_to_vec()).expect("keys");
    let stored = stored.expect("it was sealed");
    let opened = protection.stored(event).open(&stored).expect("the same key").expect("opened");
    assert_eq!(ShiftChanged::decode(&*opened), Ok(shift));
}
