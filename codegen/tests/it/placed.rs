//! Types of packages that are only imported: named where their code is, or refused where they are asked for.

use std::collections::BTreeMap;

use bodybroker_codegen::emit::{Files, Settings, emit};
use bodybroker_codegen::{Findings, Input, load_text};

const OPTIONS: &str = "import \"bodybroker/options/v1/options.proto\";";

/// What is only imported.
const FARM: &str = r#"
option (bodybroker.options.v1.file) = {
  streams: { name: "FARM" subjects: "evt.farm.>" max_age: "5m" }
};
message Cow { Kind kind = 1; }
message Fed {
  option (bodybroker.options.v1.event) = { subject: "evt.farm.fed.v1" stream: "FARM" };
}
enum Kind { KIND_UNSPECIFIED = 0; }
"#;

const ZOO: &str = r#"
import "farm.proto";
import "google/api/http.proto";
option (bodybroker.options.v1.file) = {
  streams: { name: "ZOO" subjects: "evt.farm.>" max_age: "5m" }
};
service ZooService {
  option (bodybroker.options.v1.service) = {
    subject: "svc.zoo.v1"
    queue_group: "zoo"
    consumes: "acme.farm.v1.Fed"
    buckets: {
      name: "cows"
      value: "acme.farm.v1.Cow"
      version: 2
      earlier: { version: 1 value: "acme.farm.v1.Fed" }
      indexes: { name: "by_kind" fields: "kind" }
    }
  };
  rpc Rule(Cage) returns (google.api.HttpRule);
  rpc Herd(stream acme.farm.v1.Cow) returns (Cage);
}
message Cage {
  google.api.HttpRule rule = 1;
  repeated acme.farm.v1.Kind kinds = 2;
  map<string, acme.farm.v1.Cow> cows = 3;
  oneof one { acme.farm.v1.Cow cow = 4; }
  message Inner { acme.farm.v1.Cow cow = 1; }
}
"#;

fn files(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    let file = |(package, body): &(&str, &str)| {
        let text = format!("syntax = \"proto3\";\npackage acme.{package}.v1;\n{OPTIONS}\n{body}");
        (format!("{package}.proto"), text)
    };
    list.iter().map(file).collect()
}

fn written(list: &[(&str, &str)], settings: &Settings) -> Result<Files, Findings> {
    let mut input = Input::new("").strip_prefix("acme");
    input.foreign.push("acme.farm".to_owned());
    let schema = load_text(&input, files(list));
    emit(&schema.unwrap_or_else(|findings| panic!("{}", findings.render(100, false))), settings)
}

fn text(files: &Files, path: &str) -> String {
    let paths: Vec<_> = files.iter().map(|(path, _)| path).collect();
    let bytes = files.get(path).unwrap_or_else(|| panic!("no {path} in {paths:?}"));
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_type_whose_code_is_nowhere_is_refused_at_each_place_that_asks_for_it() {
    let settings = Settings::modules("crate::api");
    let findings = written(&[("farm", FARM), ("zoo", ZOO)], &settings).expect_err("no code");
    assert!(findings.iter().all(|it| it.rule == "PACKAGE_PLACED" && it.help.is_some()));
    insta::with_settings!({
        snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true,
    }, { insta::assert_snapshot!("unplaced", findings.render(110, false)) });
}

#[test]
fn code_that_is_elsewhere_is_named_there() {
    let mut settings = Settings::modules("crate::api");
    settings.externs.insert("acme.farm.v1".to_owned(), "::farm::v1".to_owned());
    settings.externs.insert("google.api".to_owned(), "::google::api".to_owned());
    let files = written(&[("farm", FARM), ("zoo", ZOO)], &settings);
    let files = files.unwrap_or_else(|findings| panic!("{findings}"));
    let spec = text(&files, "zoo/v1/zoo_service/spec.rs");
    assert!(spec.contains("event: &::farm::v1::events::FED"), "{spec}");
    let messages = text(&files, "zoo/v1/messages.rs");
    assert!(messages.contains("::google::api::HttpRule"), "{messages}");
    assert!(messages.contains("::farm::v1::Cow"), "{messages}");
}

/// Dependencies in the manifest of a crate that is generated.
fn dependencies(body: &str, more: &[(&str, &str)], settings: &Settings) -> Vec<String> {
    let files = written(&[&[("zoo", body)], more].concat(), settings);
    let files = files.unwrap_or_else(|findings| panic!("{findings}"));
    let manifest = text(&files, "rust/zoo/Cargo.toml");
    let (_, list) = manifest.split_once("[dependencies]\n").expect("dependencies");
    let names = list.lines().filter(|line| !line.is_empty());
    names.map(|line| line.split(['.', ' ']).next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_manifest_has_the_crates_whose_types_are_used() {
    let settings = Settings::crates("acme-");
    let dependencies = |body: &str, more: &[(&str, &str)]| dependencies(body, more, &settings);
    let service = |request: &str, response: &str| {
        format!(
            "import \"google/protobuf/empty.proto\"; import \"google/protobuf/wrappers.proto\"; \
             import \"google/protobuf/timestamp.proto\";
             service ZooService {{
               option (bodybroker.options.v1.service) = {{ subject: \"svc.zoo.v1\" queue_group: \"zoo\" }};
               rpc Ask({request}) returns ({response});
             }}"
        )
    };
    let types = "import \"google/protobuf/descriptor.proto\";
        message Plan { google.protobuf.FieldDescriptorProto field = 1; }";
    assert_eq!(dependencies(types, &[]), ["prost", "prost-types"]);
    let times = ("times", "import public \"google/protobuf/timestamp.proto\";");
    let through = "import \"times.proto\"; message Day { google.protobuf.Timestamp begins = 1; }";
    assert_eq!(dependencies(through, &[times]), ["prost", "prost-types"]);
    let unused = "import \"google/protobuf/timestamp.proto\"; message Day {}";
    assert_eq!(dependencies(unused, &[]), ["prost"]);
    let empty = service("google.protobuf.Empty", "google.protobuf.BoolValue");
    assert_eq!(dependencies(&empty, &[]), ["bodybroker-runtime"]);
    let strings = service("google.protobuf.Empty", "google.protobuf.StringValue");
    assert_eq!(dependencies(&strings, &[]), ["bodybroker-runtime", "prost"]);
    let time = service("google.protobuf.Empty", "google.protobuf.Timestamp");
    assert_eq!(dependencies(&time, &[]), ["bodybroker-runtime", "prost-types"]);
}

#[test]
fn a_manifest_has_the_crate_of_code_that_is_elsewhere() {
    let mut settings = Settings::crates("acme-");
    settings.externs.insert("acme.times.v1".to_owned(), "::their_times::v1".to_owned());
    let times = ("times", "message Hour {}");
    let body = "import \"times.proto\"; message Day { acme.times.v1.Hour hour = 1; }";
    assert_eq!(dependencies(body, &[times], &settings), ["prost", "their-times"]);
}
