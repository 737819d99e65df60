//! Sensitive fields on their ways through a real server, with somebody listening to all of it.

use std::time::Duration;

use bodybroker_runtime::config::Config;
use bodybroker_runtime::connection::Options;
use bodybroker_runtime::durable::{Bucket, Start, StreamConfig};
use bodybroker_runtime::host::Host;
use bodybroker_runtime::seal::{Keyring, Protection, Sealing, key_line};
use bodybroker_runtime::status::Code;
use bodybroker_runtime::store::Change;
use bodybroker_runtime::stream::Outbound;
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::{Connection, Result, Status};
use prost::Message as _;

mod fixture;

use fixture::{
    ANSWERS, Eavesdropper, FILL, OPEN, OPENED_EVENT, ORDER, Opened, PLACED, POUR, Placed, SHUT,
    SPEC, Secret, VAULT_BUCKET, Vault, WATCH, WORD, connect, serve,
};

async fn call(client: &Connection, method: usize, door: &str) -> Result<Secret> {
    client.call(&SPEC.methods[method], Secret::of(door)).await
}

fn frames(door: &str) -> Outbound<Secret> {
    Outbound::iter(vec![Secret::of(door); 5])
}

async fn vault(protection: &Protection) -> (NatsServer, Vault, Connection, Eavesdropper) {
    let server = NatsServer::start().await.unwrap();
    let vault = serve(&server, protection).await;
    let client = connect(&server, "client", protection).await;
    let eavesdropper = Eavesdropper::listen(&server).await;
    (server, vault, client, eavesdropper)
}

fn keys() -> Protection {
    Protection::new(Keyring::random())
}

#[tokio::test]
async fn calls_and_answers_carry_no_secret_and_handlers_see_it() {
    let (_server, vault, client, eavesdropper) = vault(&keys()).await;
    for method in [OPEN, SHUT] {
        assert_eq!(call(&client, method, "north").await, Ok(Secret::of("north")));
    }
    assert_eq!(vault.heard(), vec![Secret::of("north"); 2]);
    eavesdropper.assert_blind("north").await;
    let request = eavesdropper.last("svc.test.vault.v1.open").await;
    assert!(request.headers.is_none(), "a call has no headers for its being sealed");
}

#[tokio::test]
async fn a_process_without_keys_takes_no_event() {
    let server = NatsServer::start().await.unwrap();
    let keeper = connect(&server, "keeper", &keys()).await;
    keeper.durable().provision(&StreamConfig::of_event(&OPENED_EVENT)).await.unwrap();
    let config = Config { weak_storage: true, ..Config::at(server.url()) };
    let host = Host::new(config).service("vault", |_| async { Ok(Vault::default()) });
    let refused = host.run_until(std::future::pending()).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    assert!(refused.message().contains("BB_KEYS"), "{refused}");
    let client = async_nats::connect(server.url()).await.unwrap();
    let mut stream = async_nats::jetstream::new(client).get_stream("VAULT").await.unwrap();
    assert_eq!(stream.info().await.unwrap().state.consumer_count, 0);
}

#[tokio::test]
async fn what_is_long_is_sealed_before_it_is_compressed() {
    let (_server, vault, client, eavesdropper) = vault(&keys()).await;
    let doors: Vec<_> = (0..5_000).map(|number| format!("door {number}")).collect();
    let door = doors.join(", ");
    for method in [OPEN, SHUT] {
        assert_eq!(call(&client, method, &door).await, Ok(Secret::of(&door)));
    }
    assert_eq!(vault.heard().len(), 2);
    let request = eavesdropper.last("svc.test.vault.v1.open").await;
    assert!(request.headers.is_some_and(|it| it.get("Content-Encoding").is_some()));
    assert!(request.payload.len() < door.len() / 2);
}

#[tokio::test]
async fn frames_of_every_shape_carry_no_secret() {
    let (_server, vault, client, eavesdropper) = vault(&keys()).await;
    let secret = Secret::of("north");
    let mut watched =
        client.server_stream::<_, Secret>(&SPEC.methods[WATCH], secret.clone()).await.unwrap();
    assert_eq!(watched.next().await, Some(Ok(secret.clone())));
    assert_eq!(watched.collect().await.unwrap().len(), 2);
    let filled = client.client_stream::<_, Secret>(&SPEC.methods[FILL], frames("north")).await;
    assert_eq!(filled, Ok(secret.clone()));
    let poured = client.bidirectional::<_, Secret>(&SPEC.methods[POUR], frames("north")).await;
    assert_eq!(poured.unwrap().collect().await, Ok(vec![secret.clone(); 5]));
    assert_eq!(vault.heard(), vec![secret; 11]);
    eavesdropper.assert_blind("north").await;
}

#[tokio::test]
async fn events_and_values_carry_no_secret_and_open_wherever_they_are_read() {
    let protection = keys();
    let (_server, vault, client, eavesdropper) = vault(&protection).await;
    client.publish(&Opened::of("north")).await.unwrap();
    let store = client.store::<Placed>(&VAULT_BUCKET).unwrap();
    let revision = store.create("north", &Placed::of("north")).await.unwrap();
    // The write of the bucket is an event, too: a stream copies it, and a consumer opens the copy.
    assert_eq!(vault.events(2).await, [WORD, WORD]);
    let mut events = client.subscribe_events::<Placed>(Start::All).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap().event, Placed::of("north"));

    assert_eq!(store.get("north").await.unwrap().unwrap().value, Placed::of("north"));
    let linearizable = store.get_linearizable("north").await.unwrap().unwrap();
    assert_eq!(linearizable.value, Placed::of("north"));
    // A value that stays as it was is not written, though it would be sealed otherwise each time.
    let same = store.modify("north", |value| Ok(value.unwrap())).await.unwrap();
    assert_eq!(same.revision, revision);
    store.update("north", &Placed { number: 8, ..Placed::of("north") }, revision).await.unwrap();
    let numbers =
        store.history("north").await.unwrap().into_iter().map(|it| it.value.unwrap().number);
    assert_eq!(numbers.collect::<Vec<_>>(), [7, 8]);
    store.batch().put("north", &Placed::of("north")).commit().await.unwrap();
    assert_eq!(store.entries().await.unwrap().len(), 1);
    let mut changes = store.watch("north").await.unwrap();
    let Some(Ok(Change::Put(entry))) = changes.next().await else { panic!("nothing is there") };
    assert_eq!(entry.value, Placed::of("north"));
    eavesdropper.assert_blind("north").await;
}

#[tokio::test]
async fn an_event_that_waits_for_its_publication_is_sealed() {
    let (_server, vault, client, eavesdropper) = vault(&keys()).await;
    let store = client.store_with_outbox::<Placed>(&VAULT_BUCKET).unwrap();
    store.put("north", &Placed::of("north")).and_publish(&Opened::of("north")).await.unwrap();
    assert_eq!(vault.events(2).await, [WORD, WORD]);
    eavesdropper.assert_blind("north").await;
}

#[tokio::test]
async fn a_dead_letter_keeps_an_event_sealed() {
    let protection = keys();
    let (_server, vault, client, eavesdropper) = vault(&protection).await;
    client.publish(&Opened::of("broken")).await.unwrap();
    assert_eq!(vault.events(1).await, [WORD]);
    let letter = async {
        loop {
            let seen = eavesdropper.seen().await;
            if let Some(letter) = seen.into_iter().find(|it| it.subject.starts_with("dlq.")) {
                return letter;
            }
            tokio::task::yield_now().await;
        }
    };
    let letter = tokio::time::timeout(Duration::from_mins(1), letter).await.unwrap();
    let guard = protection.stored(fixture::OPENED_EVENT.sealed.unwrap());
    let opened = guard.open(&letter.payload).unwrap().unwrap();
    assert_eq!(Opened::decode(&*opened), Ok(Opened::of("broken")));
    eavesdropper.assert_blind("broken").await;
}

#[tokio::test]
async fn a_kept_answer_is_sealed_and_given_again() {
    let protection = keys();
    let (_server, vault, client, eavesdropper) = vault(&protection).await;
    let order = |door: &str| {
        client.call::<_, Secret>(&SPEC.methods[ORDER], Secret::of(door)).idempotency_key("k1")
    };
    for _ in 0..3 {
        assert_eq!(order("north").await, Ok(Secret::of("north")));
    }
    assert_eq!(vault.heard().len(), 1);
    let refused = order("south").await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    eavesdropper.assert_blind("north").await;
    // Neither the answer nor a hash of the request, which a guess could be tried on.
    let bucket = Bucket::new(client.durable().clone(), &ANSWERS);
    let record = bucket.entries().await.unwrap().remove(0).value.unwrap();
    let plain = Secret::of("north").encode_to_vec();
    let hash = blake3::hash(&plain);
    for hidden in [WORD.as_bytes(), b"north", hash.as_bytes()] {
        assert!(!record.windows(hidden.len()).any(|it| it == hidden));
    }
}

#[tokio::test]
async fn what_is_changed_moved_or_in_the_clear_reaches_no_handler() {
    let (_server, vault, client, eavesdropper) = vault(&keys()).await;
    call(&client, OPEN, "north").await.unwrap();
    let sent = eavesdropper.last("svc.test.vault.v1.open").await;
    let answer = eavesdropper.last(sent.reply.as_deref().unwrap()).await;
    // The last byte is one of the second field's ciphertext.
    let mut changed = sent.payload.to_vec();
    *changed.last_mut().unwrap() ^= 1;
    let cases = [
        ("open", changed, Code::InvalidArgument, "does not open with the key `random`"),
        ("open", answer.payload.to_vec(), Code::InvalidArgument, "does not open"),
        ("shut", sent.payload.to_vec(), Code::InvalidArgument, "`test.vault.v1.Secret.word` does"),
        ("open", Secret::of("north").encode_to_vec(), Code::FailedPrecondition, "in the clear"),
        ("open", vec![0x12, 0x50, 1], Code::InvalidArgument, "the bytes are no message"),
    ];
    for (method, payload, code, words) in cases {
        let subject = format!("svc.test.vault.v1.{method}");
        let refusal = eavesdropper.client.request(subject, payload.into()).await.unwrap();
        let said = refusal.headers.unwrap();
        assert_eq!(said.get("Bb-Status").unwrap().as_str(), code.number().to_string());
        assert_eq!(said.get("Bb-Executed").unwrap().as_str(), "no");
        let text = said.get("Nats-Service-Error").unwrap().as_str();
        assert!(text.contains(words) && !text.contains(WORD), "{words} is missing in {text}");
    }
    assert_eq!(vault.heard().len(), 1);
    // The whole, as it was, is still taken: who records calls can repeat them.
    let again = eavesdropper.client.request(sent.subject, sent.payload).await.unwrap();
    assert!(again.headers.is_none());
}

#[tokio::test]
async fn without_keys_nothing_is_served_or_sent() {
    let (server, vault, _client, eavesdropper) = vault(&keys()).await;
    let options = Options::new(server.url(), "bare").provision(true);
    let bare = Connection::connect(options).await.unwrap();
    let refused = |status: Status| {
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert!(status.message().contains("BB_KEYS"), "{status}");
    };
    refused(bare.serve(Vault::default()).await.unwrap_err());
    for method in [OPEN, SHUT, ORDER] {
        refused(call(&bare, method, "north").await.unwrap_err());
    }
    let watched = bare.server_stream::<_, Secret>(&SPEC.methods[WATCH], Secret::of("north")).await;
    refused(watched.unwrap_err());
    let filled = bare.client_stream::<_, Secret>(&SPEC.methods[FILL], frames("north")).await;
    refused(filled.unwrap_err());
    refused(bare.publish(&Opened::of("north")).await.unwrap_err());
    let store = bare.store::<Placed>(&VAULT_BUCKET).unwrap();
    refused(store.put("north", &Placed::of("north")).await.unwrap_err());
    assert!(vault.heard().is_empty());
    let seen = eavesdropper.seen().await;
    assert!(seen.iter().all(|it| !it.payload.windows(5).any(|bytes| bytes == b"north")));
}

#[tokio::test]
async fn processes_get_keys_one_by_one_without_a_failed_call() {
    let server = NatsServer::start().await.unwrap();
    let keys = Keyring::random();
    let step = |sealing| Protection::new(keys.clone()).sealing(sealing);
    let steps =
        [Protection::off(), step(Sealing::Off), step(Sealing::Lenient), step(Sealing::Strict)];
    for pair in steps.windows(2) {
        for (ours, theirs) in [(&pair[0], &pair[1]), (&pair[1], &pair[0])] {
            let connection = connect(&server, "vault", ours).await;
            let serving = connection.serve(Vault::default()).await.unwrap();
            let client = connect(&server, "client", theirs).await;
            assert_eq!(call(&client, OPEN, "north").await, Ok(Secret::of("north")));
            let (store, other) =
                (connection.store::<Placed>(&VAULT_BUCKET), client.store::<Placed>(&VAULT_BUCKET));
            store.unwrap().put("north", &Placed::of("north")).await.unwrap();
            let read = other.unwrap().get("north").await.unwrap().unwrap();
            assert_eq!(read.value, Placed::of("north"));
            serving.drain().await;
        }
    }
    // From the last step on the clear is refused.
    let strict = connect(&server, "vault", &steps[3]).await;
    let _serving = strict.serve(Vault::default()).await.unwrap();
    let late = connect(&server, "client", &Protection::off()).await;
    let status = call(&late, OPEN, "north").await.unwrap_err();
    assert!(status.message().contains("in the clear"), "{status}");
    late.store::<Placed>(&VAULT_BUCKET).unwrap().put("north", &Placed::of("north")).await.unwrap();
    let status = strict.store::<Placed>(&VAULT_BUCKET).unwrap().get("north").await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_key_is_replaced_in_its_file_while_calls_go_on() {
    let server = NatsServer::start().await.unwrap();
    let (old, new) = (key_line("old").unwrap(), key_line("new").unwrap());
    let path = server.folder().join("keys");
    std::fs::write(&path, old.as_bytes()).unwrap();
    let ring = Keyring::open(&path).unwrap();
    let vault = serve(&server, &Protection::new(ring.clone())).await;
    let client = connect(&server, "client", &Protection::new(ring.clone())).await;
    let store = client.store::<Placed>(&VAULT_BUCKET).unwrap();
    store.put("north", &Placed::of("north")).await.unwrap();
    call(&client, OPEN, "north").await.unwrap();

    // A file that is none changes nothing.
    std::fs::write(&path, "old not-a-key").unwrap();
    let why = ring.refresh().unwrap_err();
    assert!(why.message().contains("line 1") && !why.message().contains("not-a-key"), "{why}");
    call(&client, OPEN, "north").await.unwrap();

    for (text, ids) in [
        (format!("{}\n{}\n", *old, *new), ["old", "new"]),
        (format!("{}\n{}\n", *new, *old), ["new", "old"]),
    ] {
        std::fs::write(&path, text).unwrap();
        // Nobody is told: the ring looks by itself.
        let loaded = async {
            while ring.ids() != ids {
                call(&client, OPEN, "north").await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_mins(1), loaded).await.unwrap();
        call(&client, OPEN, "north").await.unwrap();
    }
    // What was stored with the old key is read, and what is stored now bears the new one.
    assert_eq!(store.get("north").await.unwrap().unwrap().value, Placed::of("north"));
    store.put("south", &Placed::of("south")).await.unwrap();
    let only_new = Protection::new(Keyring::parse(&new).unwrap());
    let stranger = connect(&server, "stranger", &only_new).await;
    let store = stranger.store::<Placed>(&VAULT_BUCKET).unwrap();
    assert_eq!(store.get("south").await.unwrap().unwrap().value, Placed::of("south"));
    let status = store.get("north").await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains("sealed with the key `old`"), "{status}");
    // Who lists them is told which one it is.
    let status = store.entries().await.unwrap_err();
    assert!(status.message().contains(", key `north`: "), "{status}");
    assert!(!vault.heard().is_empty());
}

#[tokio::test]
async fn an_event_waits_for_its_key() {
    let server = NatsServer::start().await.unwrap();
    let (old, new) = (key_line("old").unwrap(), key_line("new").unwrap());
    let path = server.folder().join("keys");
    std::fs::write(&path, old.as_bytes()).unwrap();
    let ring = Keyring::open(&path).unwrap();
    let vault = serve(&server, &Protection::new(ring)).await;
    let ahead = Protection::new(Keyring::parse(&new).unwrap());
    let publisher = connect(&server, "publisher", &ahead).await;
    publisher.publish(&Opened::of("north")).await.unwrap();
    std::fs::write(&path, format!("{}\n{}", *old, *new)).unwrap();
    assert_eq!(vault.events(1).await, [WORD]);
}

#[test]
fn a_value_and_its_event_are_sealed_alike() {
    let protection = keys();
    let value = protection.stored(PLACED).seal(&Placed::of("north").encode_to_vec()).unwrap();
    let event = <Placed as bodybroker_runtime::Event>::spec().sealed.unwrap();
    assert!(protection.stored(event).open(&value.unwrap()).is_ok());
}
