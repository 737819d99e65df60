//! Every option changed, one at a time: what breaks a running system is found by the rule for it alone, and what
//! doesn't is found by none. An option that no change touches fails a test.

mod options;

use std::collections::BTreeSet;
use std::fs;

use bodybroker_codegen::check::breaking::{RULES, breaking};
use bodybroker_codegen::check::config::Breaking;
use bodybroker_codegen::check::image::Image;

use super::Files;

const BEFORE: &str = r#"
syntax = "proto3";
package acme.zoo.v1;
import "bodybroker/options/v1/options.proto";
import "google/api/annotations.proto";

option (bodybroker.options.v1.file) = {
  timeout: "11s" max_in_flight: 11 credit: 11 idle_timeout: "21s"
  streams: {
    name: "ZOO" subjects: ["evt.zoo.>", "evt.cage.>"] max_age: "7d" storage: STORAGE_FILE replicas: 3
    duplicate_window: "3m" max_bytes: 1000
  }
  streams: { name: "SPARE" subjects: "evt.spare.>" max_age: "1d" }
};

service ZooService {
  option (bodybroker.options.v1.service) = {
    subject: "svc.zoo.v1" queue_group: "zoo" version: "1.2.0"
    timeout: "12s" max_in_flight: 12 credit: 12 idle_timeout: "22s"
    retry: { max_attempts: 3 initial_backoff: "10ms" max_backoff: "1s" attempt_timeout: "2s" }
    breaker: {
      window: "9s" min_calls: 9 failure_percent: 40 slow_call: "3s" slow_percent: 60 open: "6s" probes: 2
    }
    buckets: {
      name: "cages" value: "Cage" history: 5 ttl: "30d" storage: STORAGE_MEMORY replicas: 2
      indexes: { name: "by_lock" fields: "lock.number" unique: true }
      indexes: { name: "by_food" fields: ["food", "name"] }
    }
    buckets: {
      name: "rings" value: "Lock" version: 3 earlier: { version: 1 value: "Food" }
      earlier: { version: 2 value: "Washed" } writes: 2
    }
  };
  rpc Feed(Cage) returns (Cage) {
    option (bodybroker.options.v1.method) = {
      operation: "feed.{name}.{food}" timeout: "10s" idempotency: IDEMPOTENCY_KEYED
      max_in_flight: 10 critical: true queue_group: "zoo.feed" errors: ["LockJammed", "NoFood"]
      idempotency_ttl: "24h"
    };
    option (google.api.http) = {
      get: "/v1/cages/{name}"
      additional_bindings: { put: "/v1/cages/{name}" body: "lock" response_body: "name" }
      additional_bindings: { post: "/v1/cages/{name}:feed" body: "*" }
      additional_bindings: { delete: "/v1/cages/{name}" }
      additional_bindings: { patch: "/v1/cages/{name}" body: "*" }
      additional_bindings: { custom: { kind: "HEAD" path: "/v1/cages/{name}" } }
    };
  }
  rpc Watch(Cage) returns (stream Cage) {
    option (bodybroker.options.v1.method) = { credit: 50 idle_timeout: "20s" };
  }
  rpc Listen(Cage) returns (stream Cage);
  rpc Look(Cage) returns (Cage) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bodybroker.options.v1.method).hedge = { delay: "20ms" max_attempts: 2 };
  }
}

service KeeperService {
  option (bodybroker.options.v1.service) = {
    subject: "svc.keeper.v1" queue_group: "keeper"
    calls: ["acme.zoo.v1.ZooService"] consumes: ["acme.zoo.v1.Fed"]
  };
  rpc Rest(Cage) returns (stream Cage);
}

message Cage {
  string name = 1;
  string food = 2;
  string code = 3 [(bodybroker.options.v1.field).sensitive = true];
  Lock lock = 4;
}

message Lock {
  uint32 number = 1;
  string maker = 2;
}

message Food {
  string name = 1;
}

message Fed {
  option (bodybroker.options.v1.event) = {
    subject: "evt.zoo.fed.v1.{name}" stream: "ZOO" bucket: "cages"
  };
  string name = 1;
  string food = 2;
  Ration ration = 3;
}

message Ration {
  uint32 grams = 1;
}

message Washed {
  string name = 1;
}
"#;

/// Rule, text before and text after.
const CHANGES: &[(&str, &str, &str)] = &[
    ("BUCKET_HISTORY_NO_REDUCE", "history: 5", "history: 4"),
    ("BUCKET_NO_DELETE", "name: \"cages\"", "name: \"pens\""),
    ("BUCKET_REPLICAS_NO_REDUCE", "replicas: 2", "replicas: 1"),
    ("BUCKET_SAME_STORAGE", "STORAGE_MEMORY", "STORAGE_FILE"),
    ("BUCKET_SAME_VALUE", "value: \"Cage\"", "value: \"Food\""),
    ("BUCKET_TTL_NO_SHORTEN", "ttl: \"30d\"", "ttl: \"29d\""),
    ("BUCKET_UNIQUE_NO_ADD", "\"by_food\"", "\"by_food\" unique: true"),
    ("BUCKET_UNIQUE_NO_DELETE", "unique: true", ""),
    ("BUCKET_SAME_VALUE", "version: 1 value: \"Food\"", "version: 1 value: \"Ration\""),
    ("BUCKET_VERSION_NO_DELETE", "earlier: { version: 1 value: \"Food\" }", ""),
    (
        "BUCKET_VERSION_NO_REDUCE",
        "value: \"Lock\" version: 3 earlier: { version: 1 value: \"Food\" }
      earlier: { version: 2 value: \"Washed\" } writes: 2",
        "value: \"Washed\" version: 2 earlier: { version: 1 value: \"Food\" }",
    ),
    ("BUCKET_WIRE_COMPATIBLE_VALUE", "string maker = 2", "uint32 maker = 2"),
    ("BUCKET_WIRE_COMPATIBLE_VALUE", "string maker = 2;", ""),
    (
        "BUCKET_WRITES_KNOWN_VERSION",
        "version: 3 earlier: { version: 1 value: \"Food\" }
      earlier: { version: 2 value: \"Washed\" } writes: 2",
        "version: 4 earlier: { version: 1 value: \"Food\" } earlier: { version: 2 value: \"Washed\" }
      earlier: { version: 3 value: \"Lock\" }",
    ),
    (
        "EVENT_NO_DELETE",
        "option (bodybroker.options.v1.event) = {
    subject: \"evt.zoo.fed.v1.{name}\" stream: \"ZOO\" bucket: \"cages\"
  };",
        "",
    ),
    ("EVENT_SAME_BUCKET", " bucket: \"cages\"", ""),
    ("EVENT_SAME_STREAM", "stream: \"ZOO\" bucket", "stream: \"SPARE\" bucket"),
    ("EVENT_SAME_SUBJECT", "evt.zoo.fed", "evt.zoo.eaten"),
    ("EVENT_SAME_SUBJECT_PARAMETERS", "v1.{name}\"", "v1.{food}\""),
    ("EVENT_WIRE_COMPATIBLE_MESSAGE", "uint32 grams = 1;", "fixed32 grams = 1;"),
    (
        "FIELD_SENSITIVE_NO_ADD",
        "string maker = 2;",
        "string maker = 2 [(bodybroker.options.v1.field).sensitive = true];",
    ),
    ("FIELD_SENSITIVE_NO_DELETE", " [(bodybroker.options.v1.field).sensitive = true]", ""),
    ("METHOD_CREDIT_NO_REDUCE", "credit: 50", "credit: 49"),
    ("METHOD_CREDIT_NO_REDUCE", "credit: 12", "credit: 2"),
    ("METHOD_CREDIT_NO_REDUCE", "credit: 11", "credit: 1"),
    ("METHOD_ERROR_NO_DELETE", "\"LockJammed\", ", ""),
    ("METHOD_ERROR_SAME_DETAILS", "message Washed {", "message NoFood {} message Washed {"),
    ("METHOD_IDEMPOTENCY_NO_WEAKEN", "idempotency: IDEMPOTENCY_KEYED", ""),
    ("METHOD_IDLE_TIMEOUT_NO_SHORTEN", "idle_timeout: \"20s\"", "idle_timeout: \"2s\""),
    ("METHOD_IDLE_TIMEOUT_NO_SHORTEN", "idle_timeout: \"21s\"", "idle_timeout: \"1s\""),
    ("METHOD_IDLE_TIMEOUT_NO_SHORTEN", "idle_timeout: \"22s\"", "idle_timeout: \"2s\""),
    ("METHOD_IDEMPOTENCY_TTL_NO_SHORTEN", "idempotency_ttl: \"24h\"", "idempotency_ttl: \"1h\""),
    ("METHOD_IDEMPOTENCY_TTL_NO_SHORTEN", "idempotency_ttl: \"24h\"", ""),
    ("METHOD_CRITICAL_NO_DELETE", "critical: true", ""),
    ("METHOD_IN_FLIGHT_NO_REDUCE", "max_in_flight: 10", "max_in_flight: 9"),
    ("METHOD_IN_FLIGHT_NO_REDUCE", "max_in_flight: 11", "max_in_flight: 1"),
    ("METHOD_IN_FLIGHT_NO_REDUCE", "max_in_flight: 12", "max_in_flight: 2"),
    ("METHOD_ROUTE_NO_DELETE", "get: \"/v1/cages/{name}\"", "get: \"/v1/pens/{name}\""),
    ("METHOD_ROUTE_NO_DELETE", "post: \"/v1/cages/{name}:feed", "post: \"/v1/cages/{name}"),
    ("METHOD_ROUTE_NO_DELETE", "additional_bindings: { delete: \"/v1/cages/{name}\" }", ""),
    ("METHOD_ROUTE_NO_DELETE", "patch: \"/v1/cages/{name}", "patch: \"/v2/cages/{name}"),
    ("METHOD_ROUTE_NO_DELETE", "kind: \"HEAD\"", "kind: \"QUERY\""),
    ("METHOD_ROUTE_NO_DELETE", "\"HEAD\" path: \"/v1", "\"HEAD\" path: \"/v2"),
    ("METHOD_ROUTE_SAME_BODY", "body: \"lock\"", "body: \"*\""),
    ("METHOD_ROUTE_SAME_RESPONSE_BODY", "response_body: \"name\"", "response_body: \"food\""),
    ("METHOD_ROUTE_SAME_VARIABLES", "put: \"/v1/cages/{name}", "put: \"/v1/cages/{food}"),
    ("METHOD_SAME_QUEUE_GROUP", "queue_group: \"zoo\"", "queue_group: \"other\""),
    ("METHOD_SAME_QUEUE_GROUP", "queue_group: \"zoo.feed\"", "queue_group: \"other\""),
    ("METHOD_SAME_SUBJECT", "operation: \"feed.", "operation: \"nourish."),
    ("METHOD_SAME_SUBJECT", "svc.keeper.v1", "svc.night.keeper.v1"),
    ("METHOD_SAME_SUBJECT_PARAMETERS", "{name}.{food}", "{food}.{name}"),
    ("METHOD_SAME_SUBJECT_PARAMETERS", "{name}.{food}", "{name}"),
    ("METHOD_TIMEOUT_NO_SHORTEN", "timeout: \"10s\"", "timeout: \"9s\""),
    ("METHOD_TIMEOUT_NO_SHORTEN", "timeout: \"11s\"", "timeout: \"1s\""),
    ("METHOD_TIMEOUT_NO_SHORTEN", "timeout: \"12s\"", "timeout: \"2s\""),
    ("SERVICE_CALLS_NO_DELETE", "calls: [\"acme.zoo.v1.ZooService\"]", ""),
    ("SERVICE_CONSUMES_NO_DELETE", "consumes: [\"acme.zoo.v1.Fed\"]", ""),
    ("STREAM_DUPLICATE_WINDOW_NO_SHORTEN", "duplicate_window: \"3m\"", "duplicate_window: \"1m\""),
    ("STREAM_NO_DELETE", "name: \"SPARE\"", "name: \"EXTRA\""),
    ("STREAM_REPLICAS_NO_REDUCE", "replicas: 3", "replicas: 1"),
    ("STREAM_RETENTION_NO_SHORTEN", "max_age: \"7d\"", "max_age: \"6d\""),
    ("STREAM_RETENTION_NO_SHORTEN", "max_bytes: 1000", "max_bytes: 999"),
    ("STREAM_SAME_STORAGE", "storage: STORAGE_FILE", "storage: STORAGE_MEMORY"),
    ("STREAM_SUBJECT_NO_DELETE", ", \"evt.cage.>\"", ""),
    (
        "SUBJECT_SAME_VERSION",
        "message Washed {",
        "message Washed { option (bodybroker.options.v1.event) = \
         { subject: \"evt.zoo.washed.v2.{name}\" stream: \"ZOO\" };",
    ),
];

/// Changes that break nothing.
const HARMLESS: &[(&str, &str)] = &[
    ("version: \"1.2.0\"", "version: \"1.3.0\""),
    // How callers repeat calls and when they give up is theirs: each takes it on when it is built anew.
    (
        "subject: \"svc.keeper.v1\"",
        "subject: \"svc.keeper.v1\" retry: { max_attempts: 2 initial_backoff: \"1ms\" max_backoff: \"2s\" \
         attempt_timeout: \"1s\" } breaker: { window: \"1s\" min_calls: 1 failure_percent: 1 slow_call: \"1s\" \
         slow_percent: 1 open: \"1s\" probes: 1 }",
    ),
    ("timeout: \"10s\"", "timeout: \"10s\" hedge: { delay: \"1s\" max_attempts: 3 }"),
    ("timeout: \"10s\"", "timeout: \"11s\""),
    ("max_in_flight: 10", "max_in_flight: 11"),
    ("credit: 50", "credit: 50 critical: true"),
    // A limit that falls when calls are slow sends some away that were told `DEADLINE_EXCEEDED` before.
    ("timeout: \"11s\" max", "timeout: \"11s\" adaptive: { min_limit: 2 } max"),
    ("timeout: \"12s\" max", "timeout: \"12s\" adaptive: { tolerance_percent: 50 } max"),
    ("max_in_flight: 10", "max_in_flight: 10 adaptive: {}"),
    ("credit: 50", "credit: 60"),
    (
        "retry: { max_attempts: 3 initial_backoff: \"10ms\" max_backoff: \"1s\" attempt_timeout: \"2s\" }",
        "",
    ),
    ("window: \"9s\" min_calls: 9 failure_percent: 40 slow_call: \"3s\"", ""),
    ("slow_percent: 60 open: \"6s\" probes: 2", ""),
    ("delay: \"20ms\" max_attempts: 2", ""),
    // Who keeps answers, and for how long, is the callers' as well. An event that tells them nothing any more is none of
    // what keeps them: every answer has its time.
    (
        "option (bodybroker.options.v1.method).hedge",
        "option (bodybroker.options.v1.method).cache = { key: \"cage:{name}\" local_ttl: \"1s\" shared_ttl: \"5s\" \
         negative_ttl: \"1s\" stale_ttl: \"1s\" invalidated_by: \"Fed\" }; \
         option (bodybroker.options.v1.method).hedge",
    ),
    ("\"NoFood\"", "\"NoFood\", \"NoCage\""),
    ("history: 5", "history: 6"),
    // An index of other fields or another name is another one, and nobody is answered from it before it is built.
    ("fields: [\"food\", \"name\"]", "fields: \"food\""),
    ("\"by_food\"", "\"by_meal\""),
    // The release that only reads came before.
    (
        "earlier: { version: 2 value: \"Washed\" } writes: 2",
        "earlier: { version: 2 value: \"Washed\" }",
    ),
    ("ttl: \"30d\"", ""),
    ("max_age: \"7d\"", "max_age: \"8d\""),
    ("max_bytes: 1000", ""),
    ("\"evt.zoo.>\", \"evt.cage.>\"", "\"evt.*.>\""),
    ("string maker = 2;", "reserved 2;"),
    ("uint32 grams = 1;", "uint64 grams = 1; string kind = 2;"),
    // What is new was never read or stored in the clear.
    (
        "string name = 1;\n}\n\nmessage Fed",
        "string name = 1; bytes key = 2 [(bodybroker.options.v1.field).sensitive = true];\n}\n\nmessage Fed",
    ),
    (
        "additional_bindings: { delete",
        "additional_bindings: { get: \"/v1/c\" } additional_bindings: { delete",
    ),
];

/// Nobody waits for entries when he writes, so a unique index of another name doesn't know what the one of before did.
#[test]
fn a_unique_index_of_another_name_is_one_that_goes_and_one_that_comes() {
    let found = found(&BEFORE.replace("\"by_lock\"", "\"by_number\""));
    let rules: Vec<_> = found.iter().map(|it| it.0).collect();
    assert_eq!(rules, ["BUCKET_UNIQUE_NO_ADD", "BUCKET_UNIQUE_NO_DELETE"]);
}

/// A field of another name is still the same field in subjects, paths and bodies.
#[test]
fn a_renamed_field_changes_neither_subjects_nor_routes() {
    let renamed =
        BEFORE.replace("{name}", "{title}").replace("string name = 1", "string title = 1");
    let renamed = renamed.replace("response_body: \"name\"", "response_body: \"title\"");
    assert_eq!(found(&renamed), []);
}

fn image(text: &str) -> Image {
    let files = Files::from([("acme/zoo/v1/zoo.proto".to_owned(), text.to_owned())]);
    Image::of_texts(files).unwrap_or_else(|findings| panic!("{findings}"))
}

fn found(after: &str) -> Vec<(&'static str, Vec<String>)> {
    let mut config = Breaking::default();
    config.selection.use_ = vec!["NATS".to_owned()];
    let found = breaking(&image(BEFORE), &image(after), &config).expect("a known category");
    assert_eq!(super::disallowed(found.clone()), [], "an entry could not name it");
    found.into_iter().map(|it| (it.rule, it.hurt)).collect()
}

/// The options of a workspace with a copy of its own, which the library is told of nowhere.
#[test]
fn options_of_another_package_are_read_as_well() {
    let options =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../proto/bodybroker/options/v1/options.proto");
    let options = fs::read_to_string(options).expect("the options");
    let image = |text: &str| {
        let files = [("options/v1/options.proto", &*options), ("zoo/v1/zoo.proto", text)];
        let own = |text: &str| {
            text.replace("bodybroker/options", "acme/options")
                .replace("bodybroker.options", "acme.options")
        };
        let files = files.map(|(name, text)| (format!("acme/{name}"), own(text)));
        Image::of_texts(files.into()).unwrap_or_else(|findings| panic!("{findings}"))
    };
    let (before, after) = (image(BEFORE), image(&BEFORE.replace("history: 5", "history: 4")));
    let found = breaking(&before, &after, &Breaking::default()).expect("the default rules");
    let rules: Vec<_> = found.iter().map(|it| it.rule).collect();
    assert_eq!(rules, ["BUCKET_HISTORY_NO_REDUCE"]);
}

#[test]
fn a_finding_names_what_it_is_about() {
    let cases = [
        ("history: 5", "history: 4", "acme.zoo.v1.ZooService.cages"),
        ("max_age: \"7d\"", "max_age: \"6d\"", "acme.zoo.v1.ZOO"),
        ("operation: \"feed.", "operation: \"nourish.", "acme.zoo.v1.ZooService.Feed"),
        ("evt.zoo.fed", "evt.zoo.eaten", "acme.zoo.v1.Fed"),
        (
            "calls: [\"acme.zoo.v1.ZooService\"]",
            "",
            "acme.zoo.v1.KeeperService -> acme.zoo.v1.ZooService",
        ),
        ("consumes: [\"acme.zoo.v1.Fed\"]", "", "acme.zoo.v1.KeeperService -> acme.zoo.v1.Fed"),
    ];
    for (from, to, element) in cases {
        let config = Breaking::default();
        let found = breaking(&image(BEFORE), &image(&BEFORE.replace(from, to)), &config);
        let found = found.expect("the default rules");
        assert!(found.iter().all(|it| it.element.as_deref() == Some(element)), "{found:#?}");
        assert!(!found.is_empty(), "{from}");
    }
}

#[test]
fn every_changed_annotation_is_found_by_its_rule_alone() {
    let mut wrong = Vec::new();
    for (rule, from, to) in CHANGES {
        assert_eq!(BEFORE.matches(from).count(), 1, "{from}");
        let mut found: Vec<_> = found(&BEFORE.replace(from, to)).iter().map(|it| it.0).collect();
        found.dedup();
        if found != [*rule] {
            wrong.push(format!("{rule}, {from} -> {to}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_only_grows_breaks_nothing() {
    for (from, to) in HARMLESS {
        assert_eq!(BEFORE.matches(from).count(), 1, "{from}");
        assert_eq!(found(&BEFORE.replace(from, to)), [], "{from} -> {to}");
    }
}

#[test]
fn every_option_is_changed_by_something() {
    let before = image(BEFORE);
    let changes = CHANGES.iter().map(|(_, from, to)| (from, to));
    let changes = changes.chain(HARMLESS.iter().map(|(from, to)| (from, to)));
    let touched: BTreeSet<_> = changes
        .flat_map(|(from, to)| options::changed(&before, &image(&BEFORE.replace(from, to))))
        .collect();
    let missing: Vec<_> = options::all(&before).difference(&touched).cloned().collect();
    assert!(missing.is_empty(), "no change touches {missing:?}");
}

#[test]
fn every_rule_of_ours_has_a_change_and_callers_are_named() {
    let ours = RULES.iter().filter(|rule| rule.categories == ["NATS"]);
    let missing: Vec<_> =
        ours.filter(|it| CHANGES.iter().all(|(rule, ..)| *rule != it.id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let hurt = &found(&BEFORE.replace("operation: \"feed.", "operation: \"nourish."))[0].1;
    assert_eq!(hurt[0], "acme.zoo.v1.KeeperService calls it");
    assert_eq!(hurt[1], "whoever sends `DELETE /v1/cages/{name}` over HTTP");
}
