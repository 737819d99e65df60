//! What schemas mean once they are read.

use std::collections::BTreeMap;
use std::time::Duration;

use bodybroker_codegen::schema::model::{Idempotency, Kind, Model, Service, Shape, Token};
use bodybroker_codegen::{Input, load, load_text};

const HEAD: &str = "syntax = \"proto3\";\npackage acme.zoo.v1;\n\
    import \"bodybroker/options/v1/options.proto\";\n\
    message FeedRequest { string tenant = 1; }\nmessage FeedResponse {}\n";

fn model(files: BTreeMap<String, String>) -> Model {
    let input = Input::new("").strip_prefix("acme");
    let loaded = load_text(&input, files);
    loaded.unwrap_or_else(|findings| panic!("{}", findings.render(110, false))).model
}

fn service(text: &str) -> Service {
    let file = ("acme/zoo/v1/zoo.proto".to_owned(), format!("{HEAD}{text}"));
    model(BTreeMap::from([file])).packages.remove(0).services.remove(0)
}

fn feed(file: &str, service_options: &str, method: &str) -> Service {
    service(&format!(
        "option (bodybroker.options.v1.file) = {{ {file} }};\n\
         service ZooService {{\n\
           option (bodybroker.options.v1.service) = {{\n\
             subject: \"svc.zoo.v1\" queue_group: \"q.zoo\" {service_options}\n\
           }};\n\
           rpc FeedAll(FeedRequest) returns (stream FeedResponse) {{\n\
             option (bodybroker.options.v1.method) = {{ {method} }};\n\
           }}\n\
         }}"
    ))
}

#[test]
fn what_nobody_says_has_a_default() {
    let service = feed("", "", "");
    let method = &service.methods[0];
    assert_eq!(method.timeout, Duration::from_secs(5));
    assert_eq!(method.idle_timeout, Duration::from_secs(30));
    assert_eq!((method.max_in_flight, method.credit), (1024, 1024));
    assert_eq!(method.subject.text, "svc.zoo.v1.feed-all");
    assert_eq!(method.queue_group, "q.zoo");
    assert_eq!(method.kind, Kind::ServerStream);
    assert_eq!(method.idempotency, Idempotency::None);
    assert_eq!(service.version, "1.0.0");
    assert_eq!(service.stem, "Zoo");
}

#[test]
fn options_are_inherited_from_the_file_through_the_service() {
    let file = "timeout: \"1s\" credit: 1 max_in_flight: 1 idle_timeout: \"1s\"";
    let outer = "timeout: \"2s\" credit: 2 max_in_flight: 2";
    let service = feed(file, outer, "timeout: \"3s\" credit: 3");
    let method = &service.methods[0];
    assert_eq!(method.timeout, Duration::from_secs(3));
    assert_eq!((method.credit, method.max_in_flight), (3, 2));
    assert_eq!(method.idle_timeout, Duration::from_secs(1));
}

#[test]
fn a_limit_that_follows_times_is_inherited_whole_and_lies_below_the_fixed_one() {
    let limit = |file: &str, outer: &str, method: &str| {
        let service = service(&format!(
            "option (bodybroker.options.v1.file) = {{ {file} }};\n\
             service ZooService {{\n\
               option (bodybroker.options.v1.service) = {{\n\
                 subject: \"svc.zoo.v1\" queue_group: \"q.zoo\" {outer}\n\
               }};\n\
               rpc Feed(FeedRequest) returns (FeedResponse) {{\n\
                 option (bodybroker.options.v1.method) = {{ {method} }};\n\
               }}\n\
             }}"
        ));
        service.methods[0].adaptive.map(|it| (it.min_limit, it.tolerance_percent))
    };
    assert_eq!(limit("", "", ""), None);
    let file = "adaptive: { min_limit: 8 tolerance_percent: 50 }";
    assert_eq!(limit(file, "", ""), Some((8, 50)));
    assert_eq!(limit(file, "adaptive: { min_limit: 9 }", ""), Some((9, 25)));
    assert_eq!(limit(file, "adaptive: { min_limit: 9 }", "adaptive: {}"), Some((4, 25)));
    assert_eq!(limit(file, "max_in_flight: 8", ""), None, "the limit is fixed");
    assert_eq!(feed(file, "", "").methods[0].adaptive, None, "a stream has no time of its own");
}

#[test]
fn fields_fill_the_tokens_of_a_subject() {
    let service = feed("", "", "operation: \"feed.{tenant}\" queue_group: \"q.zoo.feed\"");
    let method = &service.methods[0];
    assert_eq!(method.subject.text, "svc.zoo.v1.feed.{tenant}");
    let Some(Token::Field(field)) = method.subject.tokens.last() else { panic!("no field") };
    assert_eq!((field.name.as_str(), field.shape, field.optional), ("tenant", Shape::Text, false));
    assert_eq!(method.queue_group, "q.zoo.feed");
}

#[test]
fn routes_over_http_are_resolved_to_the_fields_that_they_fill() {
    let text = format!(
        "{HEAD}import \"google/api/annotations.proto\";\n\
         service ZooService {{\n  option (bodybroker.options.v1.service) = {{ subject: \"svc.zoo.v1\" queue_group: \"q.zoo\" }};\n\
           rpc Feed(Meal) returns (Thanks) {{\n    option (google.api.http) = {{\n\
             post: \"/v1/{{cage.zoo=zoos/*}}/{{number}}:feed\" body: \"cage\"\n\
             additional_bindings: {{ custom: {{ kind: \"*\" path: \"/v2/feed\" }} body: \"*\" response_body: \"food\" }}\n\
           }}; }}\n}}\n\
         message Meal {{ Cage cage = 4; uint32 number = 2; }}\n\
         message Cage {{ string zoo = 7; }}\nmessage Thanks {{ string food = 3; }}\n"
    );
    let model = model(BTreeMap::from([("acme/zoo/v1/zoo.proto".to_owned(), text)]));
    let printed = bodybroker_codegen::schema::print(&model);
    let (_, routes) = printed.split_once("in flight 1024\n").expect("the method");
    assert_eq!(
        routes.trim_end(),
        "      route POST /v1/{cage.zoo=zoos/*}/{number}:feed, body cage\n        \
         cage.zoo [4, 7] is Text in 1..3\n        \
         number [2] is Integer(\"uint32\") in 3..4\n      \
         route * /v2/feed, body *, answers food"
    );
}

#[test]
fn what_is_imported_publicly_is_there_for_importers() {
    let file = |name: &str, text: &str| {
        let text = format!("syntax = \"proto3\";\npackage acme.{name}.v1;\n{text}");
        (format!("acme/{name}/v1/{name}.proto"), text)
    };
    let model = model(BTreeMap::from([
        file("a", "message Animal {}"),
        file("b", "import public \"acme/a/v1/a.proto\";"),
        file("c", "import \"acme/b/v1/b.proto\";\nmessage Cage { acme.a.v1.Animal animal = 1; }"),
    ]));
    assert_eq!(model.packages[2].dependencies, ["acme.a.v1"]);
}

#[test]
fn the_hash_stays_the_same_through_comments_and_layout() {
    let plain = feed("", "", "").schema_hash;
    let service = service(
        "// A comment.\n\nservice ZooService {\n  option (bodybroker.options.v1.service).subject = \
         \"svc.zoo.v1\"; /* and another */ option (bodybroker.options.v1.service).queue_group = \
         \"q.zoo\";\n\n\n  // Feeds.\n  rpc FeedAll(.acme.zoo.v1.FeedRequest) returns (stream FeedResponse);\n}",
    );
    assert_eq!(service.schema_hash, plain);
    assert_eq!(plain.len(), 16);
    assert!(plain.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[test]
fn the_hash_changes_with_whatever_a_peer_can_notice() {
    let all = [
        feed("", "", ""),
        feed("", "", "timeout: \"1s\""),
        feed("", "", "operation: \"feed\""),
        feed("", "", "idempotency: IDEMPOTENCY_KEYED"),
        service(
            "service ZooService {\n option (bodybroker.options.v1.service) = {\n\
             subject: \"svc.zoo.v1\" queue_group: \"q.zoo\" };\n\
             rpc FeedAll(FeedRequest) returns (FeedResponse); }",
        ),
        service(
            "message Other { map<string, Inner> a = 1; }\nmessage Inner { int32 b = 1; }\n\
             service ZooService {\n option (bodybroker.options.v1.service) = {\n\
             subject: \"svc.zoo.v1\" queue_group: \"q.zoo\" };\n\
             rpc FeedAll(FeedRequest) returns (stream Other); }",
        ),
        service(
            "message Other { map<string, Inner> a = 1; }\nmessage Inner { int64 b = 1; }\n\
             service ZooService {\n option (bodybroker.options.v1.service) = {\n\
             subject: \"svc.zoo.v1\" queue_group: \"q.zoo\" };\n\
             rpc FeedAll(FeedRequest) returns (stream Other); }",
        ),
    ];
    let mut hashes: Vec<_> = all.iter().map(|service| service.schema_hash.as_str()).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), all.len());
}

#[test]
fn events_streams_and_consumers_are_wired() {
    let zoo = format!(
        "{HEAD}option (bodybroker.options.v1.file) = {{\n\
           streams: {{ name: \"ZOO\" subjects: \"evt.zoo.>\" max_age: \"1m\" }}\n\
         }};\n\
         message Changed {{\n\
           option (bodybroker.options.v1.event) = {{\n\
             subject: \"evt.zoo.changed.v1.{{id}}\" stream: \"ZOO\" bucket: \"animal\"\n\
           }};\n  string id = 1;\n}}\n\
         service ZooService {{\n\
           option (bodybroker.options.v1.service) = {{\n\
             buckets: {{ name: \"animal\" value: \"Changed\" }}\n\
           }};\n\
         }}\n"
    );
    let keeper = "syntax = \"proto3\";\npackage acme.night_keeper.v1;\n\
        import \"bodybroker/options/v1/options.proto\";\nimport \"acme/zoo/v1/zoo.proto\";\n\
        service KeeperService {\n\
          option (bodybroker.options.v1.service) = { consumes: \"acme.zoo.v1.Changed\" };\n\
        }\n";
    let model = model(BTreeMap::from([
        ("acme/zoo/v1/zoo.proto".to_owned(), zoo),
        ("acme/night_keeper/v1/keeper.proto".to_owned(), keeper.to_owned()),
    ]));
    let [keeper, zoo] = &model.packages[..] else { panic!("two packages") };
    assert_eq!(keeper.modules, ["night_keeper", "v1"]);
    assert_eq!(keeper.dependencies, ["acme.zoo.v1"]);
    assert!(zoo.dependencies.is_empty());
    let consume = &keeper.services[0].consumes[0];
    assert_eq!(
        (consume.ident.as_str(), consume.durable.as_str()),
        ("on_changed", "night-keeper-changed")
    );
    let stream = &model.streams[0];
    assert_eq!(
        stream.duplicate_window,
        Duration::from_mins(1),
        "not longer than messages are kept"
    );
    assert_eq!(stream.sources[0].bucket, "animal");
    assert_eq!(stream.sources[0].destination, "evt.zoo.changed.v1.{{wildcard(1)}}");
}

#[test]
fn the_schemas_of_this_workspace_have_no_mistake() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto");
    let loaded = load(&Input::new(root).strip_prefix("bodybroker"));
    let schema = loaded.unwrap_or_else(|findings| panic!("{}", findings.render(110, false)));
    assert!(schema.model.packages.iter().all(|package| package.name != "google.api"));
}

#[test]
fn descriptors_keep_their_options_and_lose_their_comments() {
    let schema = crate::kitchen_sink::schema();
    let pool = prost_reflect::DescriptorPool::decode(schema.encoded().as_slice()).expect("decodes");
    let service = pool.get_service_by_name("acme.zoo.v1.ZooService").expect("the service");
    let level = pool.get_extension_by_name("bodybroker.options.v1.service").expect("the extension");
    assert!(service.options().has_extension(&level));
    assert!(pool.file_descriptor_protos().all(|file| file.source_code_info.is_none()));
    assert!(schema.descriptor_set().file.iter().any(|file| file.source_code_info.is_some()));
}

#[test]
fn a_workspace_may_keep_options_of_its_own_package() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto/bodybroker/options/v1/options.proto");
    let options = std::fs::read_to_string(root).expect("the options");
    let options = options.replace("package bodybroker.options.v1;", "package acme.options.v1;");
    let zoo = "syntax = \"proto3\";\npackage acme.zoo.v1;\nimport \"acme/options/v1/options.proto\";\n\
        message FeedRequest {}\nmessage FeedResponse {}\n\
        service ZooService {\n\
          option (acme.options.v1.service) = { subject: \"svc.zoo.v1\" queue_group: \"q.zoo\" };\n\
          rpc Feed(FeedRequest) returns (FeedResponse) {\n\
            option (acme.options.v1.method) = { timeout: \"TIMEOUT\" };\n\
          }\n\
        }\n";
    let files = |timeout: &str| {
        BTreeMap::from([
            ("acme/options/v1/options.proto".to_owned(), options.clone()),
            ("acme/zoo/v1/zoo.proto".to_owned(), zoo.replace("TIMEOUT", timeout)),
        ])
    };
    let input = Input::new("").options_package("acme.options.v1");
    let schema = load_text(&input, files("3s")).expect("no mistake");
    let names: Vec<_> = schema.model.packages.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["acme.zoo.v1"], "nothing is generated for the options");
    assert_eq!(schema.model.packages[0].modules, ["acme", "zoo", "v1"]);
    assert_eq!(schema.model.packages[0].services[0].methods[0].timeout, Duration::from_secs(3));
    let findings = load_text(&input, files("soon")).map(|_| ()).expect_err("a mistake");
    assert_eq!(findings.to_string().lines().count(), 1);
    assert!(findings.to_string().starts_with("acme/zoo/v1/zoo.proto:9:46: `soon`"), "{findings}");
}
