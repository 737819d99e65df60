//! Findings of buf's rules name who relies on what has changed, wherever the schema is annotated.

use bodybroker_codegen::check::breaking::breaking;
use bodybroker_codegen::check::config::Breaking;
use bodybroker_codegen::check::image::Image;

use super::Files;

const BEFORE: &str = r#"
syntax = "proto3";
package acme.zoo.v1;
import "bodybroker/options/v1/options.proto";
import "google/api/annotations.proto";

service ZooService {
  option (bodybroker.options.v1.service) = {
    subject: "svc.zoo.v1" queue_group: "zoo" buckets: { name: "cages" value: "Cage" }
  };
  rpc Feed(Cage) returns (Thanks) {
    option (google.api.http) = { post: "/v1/cages:feed" body: "*" };
  }
  rpc Rest(Thanks) returns (Thanks);
}

service KeeperService {
  option (bodybroker.options.v1.service) = {
    subject: "svc.keeper.v1" queue_group: "keeper"
    calls: "acme.zoo.v1.ZooService" consumes: "acme.zoo.v1.Fed"
  };
}

message Cage { map<string, Lock> locks = 1; }
message Lock { string number = 1; Kind kind = 2; }
message Thanks { string text = 1; }
message Unused { string text = 1; }
message Fed {
  option (bodybroker.options.v1.event) = { subject: "evt.zoo.fed.v1" stream: "ZOO" };
  Lock lock = 1;
}
enum Kind { KIND_UNSPECIFIED = 0; KIND_SMALL = 1; }
"#;

fn hurt(from: &str, to: &str) -> Vec<(&'static str, Vec<String>)> {
    let image = |text: &str| {
        let files = Files::from([("acme/zoo/v1/zoo.proto".to_owned(), text.to_owned())]);
        Image::of_texts(files).unwrap_or_else(|findings| panic!("{findings}"))
    };
    let mut config = Breaking::default();
    config.selection.use_ = vec!["FILE".to_owned()];
    assert_eq!(BEFORE.matches(from).count(), 1, "{from}");
    let found = breaking(&image(BEFORE), &image(&BEFORE.replace(from, to)), &config);
    found.expect("a known category").into_iter().map(|it| (it.rule, it.hurt)).collect()
}

/// Who notices a change of what is in a lock.
const LOCK: &[&str] = &[
    "acme.zoo.v1.KeeperService calls acme.zoo.v1.ZooService.Feed",
    "acme.zoo.v1.KeeperService consumes acme.zoo.v1.Fed",
    "acme.zoo.v1.ZooService stores it in bucket cages",
    "whoever sends `POST /v1/cages:feed` over HTTP",
];

#[test]
fn what_is_inside_of_requests_events_and_stored_values_hurts_those_who_read_them() {
    for (rule, from, to) in [
        ("FIELD_SAME_TYPE", "Lock { string number", "Lock { bytes number"),
        ("FIELD_NO_DELETE", "string number = 1;", ""),
        ("ENUM_VALUE_NO_DELETE", "KIND_SMALL = 1;", ""),
    ] {
        let found = hurt(from, to);
        let of_rule = found.iter().find(|(found, _)| *found == rule);
        assert_eq!(of_rule.expect(rule).1, LOCK, "{rule}");
    }
}

#[test]
fn a_method_that_is_gone_hurts_its_callers_and_routes() {
    let rest = hurt("rpc Rest(Thanks) returns (Thanks);", "");
    let caller = "acme.zoo.v1.KeeperService calls it".to_owned();
    assert_eq!(rest, [("RPC_NO_DELETE", vec![caller.clone()])]);
    let feed = hurt("rpc Feed(Cage)", "rpc Feast(Cage)");
    let route = "whoever sends `POST /v1/cages:feed` over HTTP".to_owned();
    assert_eq!(feed, [("RPC_NO_DELETE", vec![caller, route])]);
}

#[test]
fn a_message_that_nobody_uses_hurts_nobody() {
    let found = hurt("Unused { string", "Unused { bytes");
    assert_eq!(found, [("FIELD_SAME_TYPE", Vec::new())]);
}
