use golden::api::zoo::v1::secret::{Code, Method};
use golden::api::zoo::v1::{Secret, messages};

#[test]
fn secrets_never_show_in_debug() {
    let secret = Secret {
        cage: "lions".to_owned(),
        key: "hunter2".to_owned(),
        spares: vec!["hunter3".to_owned()],
        codes: vec![Code { digits: b"1234".to_vec().into(), used: Some(true) }],
        method: Some(Method::Password("hunter4".to_owned())),
        inner: Some(Box::new(Secret { key: "hunter5".to_owned(), ..Secret::default() })),
        doors: [("north".to_owned(), Code { digits: b"1234".to_vec().into(), used: None })].into(),
        words: [("hunter6".to_owned(), "hunter7".to_owned())].into(),
    };
    let shown = format!("{secret:?} {:?}", secret.method);
    assert!(shown.contains("lions") && shown.contains("[redacted]"), "{shown}");
    for hidden in ["hunter", "1234", "[49"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

#[test]
fn a_deprecated_message_keeps_its_name_and_its_bytes() {
    use prost::{Message as _, Name as _};
    #[expect(deprecated, reason = "the test is about it")]
    let (name, bytes) = (messages::ZooClosed::full_name(), messages::ZooClosed { r#type: "late".into() }.encode_to_vec());
    assert_eq!(name, "acme.zoo.v1.ZooClosed");
    assert_eq!(bytes, b"\x0a\x04late");
}
