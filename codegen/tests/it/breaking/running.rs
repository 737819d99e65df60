//! One change of an annotation a rule: it is found by its rule alone, among those that only we have.

use bodybroker_codegen::check::breaking::{RULES, breaking};
use bodybroker_codegen::check::config::Breaking;
use bodybroker_codegen::check::image::Image;

use super::Files;

const BEFORE: &str = r#"
syntax = "proto3";
package acme.zoo.v1;
import "bodybroker/options/v1/options.proto";

option (bodybroker.options.v1.file) = {
  streams: {
    name: "ZOO" subjects: ["evt.zoo.>", "evt.cage.>"] max_age: "7d" replicas: 3 max_bytes: 1000
  }
};

service ZooService {
  option (bodybroker.options.v1.service) = {
    subject: "svc.zoo.v1" queue_group: "zoo"
    buckets: { name: "cages" value: "Cage" history: 5 }
  };
  rpc Feed(Cage) returns (Cage) {
    option (bodybroker.options.v1.method) = {
      operation: "feed.{name}.{food}" timeout: "10s" idempotency: IDEMPOTENCY_KEYED
    };
  }
  rpc Watch(Cage) returns (stream Cage) {
    option (bodybroker.options.v1.method) = { credit: 50 idle_timeout: "20s" };
  }
}

service KeeperService {
  option (bodybroker.options.v1.service) = {
    subject: "svc.keeper.v1" queue_group: "keeper"
    calls: ["acme.zoo.v1.ZooService"] consumes: ["acme.zoo.v1.Fed"]
  };
  rpc Rest(Cage) returns (Cage);
}

message Cage {
  string name = 1;
  string food = 2;
  string code = 3 [(bodybroker.options.v1.field).sensitive = true];
}

message Food {
  string name = 1;
}

message Fed {
  option (bodybroker.options.v1.event) = { subject: "evt.zoo.fed.v1.{name}" stream: "ZOO" };
  string name = 1;
  string food = 2;
}
"#;

/// Rule, text before and text after.
const CHANGES: &[(&str, &str, &str)] = &[
    ("METHOD_SAME_SUBJECT", "operation: \"feed.", "operation: \"nourish."),
    ("METHOD_SAME_SUBJECT_PARAMETERS", "{name}.{food}", "{food}.{name}"),
    ("METHOD_SAME_SUBJECT_PARAMETERS", "{name}.{food}", "{name}"),
    ("METHOD_SAME_QUEUE_GROUP", "queue_group: \"zoo\"", "queue_group: \"other\""),
    ("METHOD_IDEMPOTENCY_NO_WEAKEN", "idempotency: IDEMPOTENCY_KEYED", ""),
    ("METHOD_TIMEOUT_NO_SHORTEN", "timeout: \"10s\"", "timeout: \"9s\""),
    ("METHOD_CREDIT_NO_REDUCE", "credit: 50", "credit: 49"),
    ("METHOD_IDLE_TIMEOUT_NO_SHORTEN", "idle_timeout: \"20s\"", "idle_timeout: \"2s\""),
    ("EVENT_SAME_SUBJECT", "evt.zoo.fed", "evt.zoo.eaten"),
    ("EVENT_SAME_SUBJECT_PARAMETERS", "v1.{name}\"", "v1.{food}\""),
    ("EVENT_SAME_STREAM", "stream: \"ZOO\"", "stream: \"OTHER\""),
    ("STREAM_RETENTION_NO_SHORTEN", "7d", "6d"),
    ("STREAM_RETENTION_NO_SHORTEN", "max_bytes: 1000", "max_bytes: 999"),
    ("STREAM_REPLICAS_NO_REDUCE", "replicas: 3", "replicas: 1"),
    ("STREAM_SUBJECT_NO_DELETE", ", \"evt.cage.>\"", ""),
    ("BUCKET_NO_DELETE", "\"cages\"", "\"pens\""),
    ("BUCKET_HISTORY_NO_REDUCE", "history: 5", "history: 4"),
    ("BUCKET_SAME_VALUE", "value: \"Cage\"", "value: \"Food\""),
    ("SERVICE_CALLS_NO_DELETE", "calls: [\"acme.zoo.v1.ZooService\"]", ""),
    ("SERVICE_CONSUMES_NO_DELETE", "consumes: [\"acme.zoo.v1.Fed\"]", ""),
    ("FIELD_SENSITIVE_NO_DELETE", " [(bodybroker.options.v1.field).sensitive = true]", ""),
];

/// Changes that break nothing.
const HARMLESS: &[(&str, &str)] = &[
    ("timeout: \"10s\"", "timeout: \"11s\""),
    ("history: 5", "history: 6"),
    ("max_bytes: 1000", ""),
    ("credit: 50", "credit: 60"),
    ("7d", "8d"),
];

fn found(after: &str) -> Vec<(&'static str, Vec<String>)> {
    let image = |text: &str| {
        let files = Files::from([("acme/zoo/v1/zoo.proto".to_owned(), text.to_owned())]);
        Image::of_texts(files).expect("the schemas compile")
    };
    let mut config = Breaking::default();
    config.selection.use_ = vec!["NATS".to_owned()];
    let found = breaking(&image(BEFORE), &image(after), &config).expect("a known category");
    found.into_iter().map(|it| (it.rule, it.hurt)).collect()
}

#[test]
fn every_changed_annotation_is_found_by_its_rule_alone() {
    let mut wrong = Vec::new();
    for (rule, from, to) in CHANGES {
        assert!(BEFORE.contains(from), "{from}");
        let mut found: Vec<_> = found(&BEFORE.replace(from, to)).iter().map(|it| it.0).collect();
        found.dedup();
        if found != [*rule] {
            wrong.push(format!("{rule}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_only_grows_breaks_nothing() {
    for (from, to) in HARMLESS {
        assert_eq!(found(&BEFORE.replace(from, to)), [], "{from} -> {to}");
    }
}

#[test]
fn every_rule_of_ours_has_a_change_and_callers_are_named() {
    let ours = RULES.iter().filter(|rule| rule.categories == ["NATS"]);
    let missing: Vec<_> =
        ours.filter(|it| CHANGES.iter().all(|(rule, ..)| *rule != it.id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let hurt = &found(&BEFORE.replace("operation: \"feed.", "operation: \"nourish."))[0].1;
    assert_eq!(hurt, &["acme.zoo.v1.KeeperService calls it"]);
}
