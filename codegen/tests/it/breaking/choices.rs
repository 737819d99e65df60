//! What a `buf.yaml` chooses and leaves out, for us and for the real `buf`.

use bodybroker_codegen::check::breaking::breaking;
use bodybroker_codegen::check::config::Config;
use bodybroker_codegen::check::image::Image;

use super::Files;
use super::buf::{self, Line};

/// Path, text before and text after; nothing after it is gone.
const FILES: &[(&str, &str, Option<&str>)] = &[
    (
        "a/v1/cage.proto",
        "package a.v1; message Cage { string name = 1; int32 size = 2; bool open = 3; } message Moved {} \
         enum Kind { KIND_UNSPECIFIED = 0; KIND_BIG = 1; } service Zoo { rpc Feed(Cage) returns (Cage); }",
        Some(
            "package a.v1; message Cage { bytes name = 1; int64 size = 2; } \
             enum Kind { KIND_UNSPECIFIED = 0; } service Zoo {}",
        ),
    ),
    (
        "a/v1/food.proto",
        "package a.v1; message Food { string name = 1; message Inner { int32 x = 1; } }",
        Some("package a.v1; message Moved {} message Food { repeated string names = 1; }"),
    ),
    (
        "a/v1beta1/cage.proto",
        "package a.v1beta1; message Cage { string name = 1; } message Old {}",
        Some("package a.v1beta1; message Cage { int32 name = 1; }"),
    ),
    (
        "ab/v1/ab.proto",
        "package ab.v1; option java_package = \"x\"; message Ab { oneof o { int32 x = 1; } }",
        Some("package ab.v1; option java_package = \"y\"; message Ab { int32 x = 1; }"),
    ),
    ("gone/v1/gone.proto", "package gone.v1; message Gone {} enum Left { LEFT = 0; }", None),
];

/// What stands below `breaking:`; `@` is the module's folder.
const CHOICES: &[&str] = &[
    "use: [FILE]",
    "use: [FILE, PACKAGE, WIRE_JSON, WIRE]",
    "use: [FIELD_SAME_TYPE, PACKAGE_NO_DELETE, PACKAGE_MESSAGE_NO_DELETE]",
    "except: [FIELD_SAME_TYPE, FILE_NO_DELETE]",
    "use: [FILE, WIRE], except: [PACKAGE]",
    "use: [PACKAGE], except: [WIRE_JSON, PACKAGE_ENUM_NO_DELETE]",
    "ignore: [@a/v1/cage.proto]",
    "ignore: [@a]",
    "ignore: [@a/v1, @ab/v1/ab.proto]",
    "use: [PACKAGE], ignore: [@a/v1/food.proto]",
    "use: [PACKAGE], ignore: [@a/v1/cage.proto]",
    "use: [FILE, PACKAGE], ignore: [@gone]",
    "use: [FILE, PACKAGE], ignore: [@gone/v1/gone.proto]",
    "ignore_only: {FIELD_SAME_TYPE: [@a/v1/cage.proto], FILE_NO_DELETE: [@gone]}",
    "ignore_only: {FIELD_SAME_TYPE: [@a], MESSAGE_NO_DELETE: [@a/v1beta1]}",
    "use: [FILE, WIRE], ignore_only: {WIRE: [@a/v1]}",
    "use: [FILE, PACKAGE], ignore_only: {PACKAGE: [@a, @ab]}",
    "ignore: [@ab], ignore_only: {RPC_NO_DELETE: [@a/v1/cage.proto]}",
    "ignore_unstable_packages: true",
    "use: [PACKAGE], except: [FIELD_SAME_TYPE], ignore_only: {PACKAGE_NO_DELETE: [@gone/v1]}, \
     ignore_unstable_packages: true",
];

#[test]
fn what_is_left_out_is_what_buf_leaves_out() {
    let text = |it: &str| format!("syntax = \"proto3\";\n{}\n", it.replace("; ", ";\n"));
    let mut all = 0;
    let mut wrong = Vec::new();
    let mut verdicts = Vec::new();
    for module in ["", "proto/"] {
        let name = |path: &str| format!("{module}{path}");
        let old: Files = FILES.iter().map(|(path, old, _)| (name(path), text(old))).collect();
        let left = FILES.iter().filter_map(|(path, _, new)| Some((name(path), text((*new)?))));
        let new: Files = left.collect();
        for choices in CHOICES {
            let choices = choices.replace('@', module);
            let modules = if module.is_empty() { "" } else { "modules:\n  - path: proto\n" };
            let config = format!("version: v2\n{modules}breaking: {{{choices}}}\n");
            let theirs = buf::breaking_with(&old, &new, &config).expect("the schemas compile");
            let ours = ours(&old, &new, &config, module);
            all += theirs.len();
            verdicts.push(theirs.len());
            if ours != theirs {
                wrong.push(format!("{config}\nours:   {ours:#?}\ntheirs: {theirs:#?}"));
            }
        }
    }
    verdicts.sort_unstable();
    verdicts.dedup();
    assert!(all > 200 && verdicts.len() > 8, "the choices make no difference: {all}, {verdicts:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn ours(old: &Files, new: &Files, config: &str, module: &str) -> Vec<Line> {
    let config = Config::parse(config, module).expect("a configuration").breaking;
    let image = |files: &Files| {
        let inside =
            |path: &str| path.strip_prefix(module).expect("a file of the module").to_owned();
        let files = files.iter().map(|(path, text)| (inside(path), text.clone())).collect();
        Image::of_texts(files).expect("the schemas compile")
    };
    let found = breaking(&image(old), &image(new), &config).expect("known rules");
    found.into_iter().map(Line::from).map(|line| line.below(module)).collect()
}
