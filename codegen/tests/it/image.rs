//! Schemas that only have to compile.

use std::collections::BTreeMap;

use bodybroker_codegen::check::image::Image;
use bodybroker_codegen::check::violation::Span;
use prost::Message as _;
use prost_reflect::prost_types::field_descriptor_proto::Label;
use prost_reflect::prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet, MessageOptions,
};

const PLAIN: &str = "syntax = \"proto2\";

message Plain {
  optional int32 size = 1;
}
";

fn image() -> Image {
    let files = BTreeMap::from([("plain.proto".to_owned(), PLAIN.to_owned())]);
    Image::of_texts(files).expect("plain schemas compile")
}

#[test]
fn a_file_without_package_or_annotation_compiles_and_has_places() {
    let image = image();
    let size = Span { start_line: 4, start_column: 3, end_line: 4, end_column: 27 };
    assert_eq!(image.span("plain.proto", &[4, 0, 2, 0]), Some(size));
    assert_eq!(image.text("plain.proto"), Some(PLAIN));
}

#[test]
fn a_descriptor_set_is_as_good_as_its_texts() {
    let files = image().files().cloned().collect();
    let bytes = FileDescriptorSet { file: files }.encode_to_vec();
    let again = Image::of_descriptor_set(&bytes).expect("a descriptor set");
    assert_eq!(again.files().collect::<Vec<_>>(), image().files().collect::<Vec<_>>());
    assert!(Image::of_descriptor_set(b"neither").is_err());
}

#[test]
fn a_file_that_does_not_compile_is_shown() {
    let files = BTreeMap::from([("broken.proto".to_owned(), "message {".to_owned())]);
    let findings = Image::of_texts(files).expect_err("no name");
    assert!(findings.to_string().starts_with("broken.proto:1:9:"), "{findings}");
}

/// A set of one file.
fn refused(file: FileDescriptorProto) -> String {
    let name = Some("a.proto".to_owned());
    let bytes = FileDescriptorSet { file: vec![FileDescriptorProto { name, ..file }] };
    let findings = Image::of_descriptor_set(&bytes.encode_to_vec()).expect_err("a broken set");
    findings.to_string()
}

#[test]
fn a_set_on_which_the_library_panics_is_refused() {
    let syntax = Some("proto4".to_owned());
    let said = refused(FileDescriptorProto { syntax, ..FileDescriptorProto::default() });
    assert!(said.contains("this is no descriptor set"), "{said}");
}

#[test]
fn a_set_with_names_that_nothing_is_found_by_is_refused() {
    let message_type =
        vec![DescriptorProto { name: Some("Meta".to_owned()), ..Default::default() }];
    let package = Some("..a".to_owned());
    let said = refused(FileDescriptorProto { message_type, package, ..Default::default() });
    assert!(said.contains("`` is no name"), "{said}");
}

#[test]
fn a_set_with_half_an_entry_of_a_map_is_refused() {
    let key = FieldDescriptorProto {
        name: Some("key".to_owned()),
        number: Some(1),
        label: Some(Label::Optional.into()),
        r#type: Some(9),
        ..FieldDescriptorProto::default()
    };
    let entry = DescriptorProto {
        name: Some("Entry".to_owned()),
        field: vec![key],
        options: Some(MessageOptions { map_entry: Some(true), ..MessageOptions::default() }),
        ..DescriptorProto::default()
    };
    let message_type = vec![entry];
    let said = refused(FileDescriptorProto { message_type, ..FileDescriptorProto::default() });
    assert!(said.contains("`Entry` is no entry of a map"), "{said}");
}

#[test]
fn extensions_that_do_not_link_leave_nothing_behind() {
    let options = r#"
        syntax = "proto3";
        package a;
        import "google/protobuf/descriptor.proto";
        extend google.protobuf.FileOptions { Nowhere first = 50501; }
        extend google.protobuf.MethodOptions { string second = 50502; }
    "#;
    let user = r#"
        syntax = "proto3";
        package b;
        import "google/protobuf/descriptor.proto";
        extend google.protobuf.MethodOptions { string third = 50503; }
        service S { rpc R(M) returns (M) { option (third) = "x"; } }
        message M {}
    "#;
    let files = [("a.proto", options), ("b.proto", user)];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let findings = Image::of_texts(files.into()).expect_err("a type is missing");
    assert!(findings.to_string().contains("Nowhere"), "{findings}");
}

#[test]
fn a_file_of_nothing_but_mistakes_is_not_reported_whole() {
    let text = "/*/".repeat(20_000);
    let files = BTreeMap::from([("a.proto".to_owned(), text)]);
    let findings = Image::of_texts(files).expect_err("comments do not nest");
    assert!((2..200).contains(&findings.len()), "{}", findings.len());
}
