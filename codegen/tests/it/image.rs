//! Schemas that only have to compile.

use std::collections::BTreeMap;

use bodybroker_codegen::check::image::Image;
use bodybroker_codegen::check::violation::Span;
use prost::Message as _;
use prost_reflect::prost_types::FileDescriptorSet;

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
