//! A service with a secret on every way, and somebody who reads everything that passes through the server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bodybroker_runtime::connection::Options;
use bodybroker_runtime::delivery::Delivery;
use bodybroker_runtime::event::{Event, Tuning, start_consumers_with};
use bodybroker_runtime::prelude::*;
use bodybroker_runtime::seal::Protection;
use bodybroker_runtime::server::Incoming;
use bodybroker_runtime::spec::{
    BucketSpec, ConsumeSpec, EventSpec, Idempotency, Kind, MethodSpec, Policy, Replay, Retry,
    Sealed, SealedField, SealedMessage, SealedSides, ServiceSpec, Storage, Versions,
};
use bodybroker_runtime::subject::{Subject, SubjectBuilder};
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::transport::BoxFuture;
use futures::StreamExt as _;
use tokio::sync::Notify;

/// What must not be seen.
pub(super) const WORD: &str = "hunter2";

/// A message with a door, and what opens it.
macro_rules! secret {
    ($name:ident) => {
        #[derive(Clone, PartialEq, prost::Message)]
        pub(super) struct $name {
            #[prost(string, tag = "1")]
            pub(super) door: String,
            #[prost(string, tag = "2")]
            pub(super) word: String,
            #[prost(uint64, tag = "3")]
            pub(super) number: u64,
        }

        impl prost::Name for $name {
            const NAME: &'static str = stringify!($name);
            const PACKAGE: &'static str = "test.vault.v1";
        }

        impl $name {
            pub(super) fn of(door: &str) -> Self {
                Self { door: door.to_owned(), word: WORD.to_owned(), number: 7 }
            }
        }
    };
}

secret!(Secret);
secret!(Opened);
secret!(Placed);

const fn sealed(messages: &'static [SealedMessage]) -> Sealed {
    Sealed { messages, index: 0 }
}

const fn message(name: &'static str) -> SealedMessage {
    const FIELDS: &[SealedField] = &[
        SealedField { number: 2, name: "word", inside: None },
        SealedField { number: 3, name: "number", inside: None },
    ];
    SealedMessage { name, fields: FIELDS }
}

pub(super) const SECRET: Sealed = sealed(&[message("test.vault.v1.Secret")]);
const OPENED: Sealed = sealed(&[message("test.vault.v1.Opened")]);
pub(super) const PLACED: Sealed = sealed(&[message("test.vault.v1.Placed")]);

pub(super) static OPENED_EVENT: EventSpec = EventSpec {
    name: "test.vault.v1.Opened",
    filter: "evt.vault.opened.v1.*",
    stream: "VAULT",
    storage: Storage::Memory,
    replicas: 1,
    bucket: None,
    sealed: Some(OPENED),
};

static PLACED_EVENT: EventSpec = EventSpec {
    name: "test.vault.v1.Placed",
    filter: "evt.vault.placed.v1.*",
    stream: "VAULT",
    storage: Storage::Memory,
    replicas: 1,
    bucket: Some("vault"),
    sealed: Some(PLACED),
};

impl Event for Opened {
    fn spec() -> &'static EventSpec {
        &OPENED_EVENT
    }

    fn subject(&self) -> Subject {
        SubjectBuilder::new("evt.vault.opened.v1").token(&self.door).build()
    }
}

impl Event for Placed {
    fn spec() -> &'static EventSpec {
        &PLACED_EVENT
    }

    fn subject(&self) -> Subject {
        SubjectBuilder::new("evt.vault.placed.v1").token(&self.door).build()
    }
}

pub(super) static VAULT_BUCKET: BucketSpec = BucketSpec {
    name: "vault",
    value: "test.vault.v1.Placed",
    sealed: Some(PLACED),
    indexes: &[],
    history: 4,
    ttl: None,
    storage: Storage::Memory,
    replicas: 1,
    versions: Versions::FIRST,
};

pub(super) static ANSWERS: BucketSpec = BucketSpec {
    name: "vault-answers",
    value: "runtime.v1.KeptAnswer",
    sealed: None,
    indexes: &[],
    history: 1,
    ttl: Some(Duration::from_mins(1)),
    storage: Storage::Memory,
    replicas: 1,
    versions: Versions::FIRST,
};

const fn method(name: &'static str, subject: &'static str, kind: Kind) -> MethodSpec {
    MethodSpec {
        service: "test.vault.v1.VaultService",
        service_subject: "svc.test.vault.v1",
        name,
        subject,
        queue_group: "q.vault",
        kind,
        timeout: Duration::from_secs(5),
        idempotency: Idempotency::None,
        max_in_flight: 64,
        credit: 64,
        idle_timeout: Duration::from_secs(30),
        request: "test.vault.v1.Secret",
        response: "test.vault.v1.Secret",
        sealed: SealedSides { request: Some(SECRET), response: Some(SECRET) },
        ..MethodSpec::EMPTY
    }
}

const RETRY: Retry = Retry {
    max_attempts: 2,
    initial_backoff: Duration::from_millis(1),
    max_backoff: Duration::from_millis(1),
    attempt_timeout: None,
};

pub(super) static SPEC: ServiceSpec = ServiceSpec {
    name: "test.vault.v1.VaultService",
    description: "Keeps secrets.",
    subject: "svc.test.vault.v1",
    queue_group: "q.vault",
    version: "1.0.0",
    schema_hash: "0123456789abcdef",
    methods: &[
        method("Open", "svc.test.vault.v1.open", Kind::Unary),
        MethodSpec {
            policy: Policy { retry: Some(RETRY), ..Policy::NONE },
            idempotency: Idempotency::Idempotent,
            ..method("Shut", "svc.test.vault.v1.shut", Kind::Unary)
        },
        MethodSpec {
            idempotency: Idempotency::Keyed,
            replay: Some(Replay { ttl: Duration::from_mins(1), bucket: &ANSWERS }),
            ..method("Order", "svc.test.vault.v1.order", Kind::Unary)
        },
        method("Watch", "svc.test.vault.v1.watch", Kind::ServerStream),
        method("Fill", "svc.test.vault.v1.fill", Kind::ClientStream),
        method("Pour", "svc.test.vault.v1.pour", Kind::Bidirectional),
    ],
    publishes: &[],
    consumes: &[
        ConsumeSpec { durable: "vault-opened", event: &OPENED_EVENT },
        ConsumeSpec { durable: "vault-placed", event: &PLACED_EVENT },
    ],
    buckets: &[&VAULT_BUCKET, &ANSWERS],
    calls: &[],
};

pub(super) const OPEN: usize = 0;
/// Goes through layers.
pub(super) const SHUT: usize = 1;
pub(super) const ORDER: usize = 2;
pub(super) const WATCH: usize = 3;
pub(super) const FILL: usize = 4;
pub(super) const POUR: usize = 5;

/// The service: it answers what it is told, and notes it.
#[derive(Clone, Default)]
pub(super) struct Vault(Arc<Heard>);

#[derive(Default)]
struct Heard {
    secrets: Mutex<Vec<Secret>>,
    events: Mutex<Vec<String>>,
    changed: Notify,
}

impl Vault {
    /// Requests that reached a handler.
    pub(super) fn heard(&self) -> Vec<Secret> {
        self.0.secrets.lock().unwrap().clone()
    }

    /// Waits for so many events, and tells the words that were in them.
    pub(super) async fn events(&self, count: usize) -> Vec<String> {
        let heard = async {
            loop {
                let changed = self.0.changed.notified();
                let words = self.0.events.lock().unwrap().clone();
                if words.len() >= count {
                    return words;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), heard).await.unwrap()
    }

    fn hear(&self, secret: Secret) -> Secret {
        self.0.secrets.lock().unwrap().push(secret.clone());
        secret
    }

    fn event(&self, door: &str, word: String) -> Result<()> {
        self.0.events.lock().unwrap().push(word);
        self.0.changed.notify_waiters();
        if door == "broken" { Err(Status::invalid_argument("the door is broken")) } else { Ok(()) }
    }
}

impl Service for Vault {
    fn spec(&self) -> &'static ServiceSpec {
        &SPEC
    }

    fn call(&self, method: usize, call: Incoming) {
        let this = self.clone();
        match method {
            WATCH => call.server_stream(move |_, secret: Secret| async move {
                Ok(Outbound::iter(vec![this.hear(secret); 3]))
            }),
            FILL => call.client_stream(move |_, mut secrets: Inbound<Secret>| async move {
                let mut last = Secret::default();
                while let Some(secret) = secrets.message().await? {
                    last = this.hear(secret);
                }
                Ok(last)
            }),
            POUR => call.bidirectional(move |_, mut secrets: Inbound<Secret>| async move {
                Ok(Outbound::spawn(|tx| async move {
                    while let Some(secret) = secrets.message().await? {
                        tx.send(this.hear(secret)).await?;
                    }
                    Ok(())
                }))
            }),
            _ => call.unary(move |_, secret: Secret| async move { Ok(this.hear(secret)) }),
        }
    }

    fn consume(&self, consumer: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>> {
        let this = self.clone();
        match consumer {
            0 => delivery.handle(move |_, it: Opened| async move { this.event(&it.door, it.word) }),
            1 => delivery.handle(move |_, it: Placed| async move { this.event(&it.door, it.word) }),
            _ => delivery.unknown(),
        }
    }
}

impl IntoService for Vault {
    fn into_service(self) -> Arc<dyn Service> {
        Arc::new(self)
    }
}

/// Connects with these keys.
pub(super) async fn connect(
    server: &NatsServer,
    name: &str,
    protection: &Protection,
) -> Connection {
    let options = Options::new(server.url(), name).provision(true).protection(protection.clone());
    Connection::connect(options).await.unwrap()
}

/// Serves the vault, and hears its events.
pub(super) async fn serve(server: &NatsServer, protection: &Protection) -> Vault {
    let connection = connect(server, "vault", protection).await;
    let vault = Vault::default();
    connection.serve(vault.clone()).await.unwrap();
    let tuning = Tuning { backoff: vec![Duration::from_millis(50)], ..Tuning::default() };
    let service = vault.clone().into_service();
    start_consumers_with(&connection, &service, tuning).await.unwrap();
    vault
}

/// Somebody who may read everything.
pub(super) struct Eavesdropper {
    pub(super) client: async_nats::Client,
    seen: Arc<Mutex<Vec<async_nats::Message>>>,
}

impl Eavesdropper {
    pub(super) async fn listen(server: &NatsServer) -> Self {
        let client = async_nats::connect(server.url()).await.unwrap();
        let mut all = client.subscribe(">").await.unwrap();
        // Hears itself, so that it hears everything from here on.
        let fence = client.new_inbox();
        client.publish(fence.clone(), bytes::Bytes::new()).await.unwrap();
        while *all.next().await.unwrap().subject != *fence {}
        let seen = Arc::new(Mutex::new(Vec::new()));
        let note = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Some(message) = all.next().await {
                note.lock().unwrap().push(message);
            }
        });
        Self { client, seen }
    }

    /// Everything that has passed so far.
    pub(super) async fn seen(&self) -> Vec<async_nats::Message> {
        // What it hears of its own comes after all that was there before.
        let fence = self.client.new_inbox();
        self.client.publish(fence.clone(), bytes::Bytes::new()).await.unwrap();
        let fenced = async {
            loop {
                let seen = self.seen.lock().unwrap().clone();
                if seen.iter().any(|message| *message.subject == *fence) {
                    return seen;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), fenced).await.unwrap()
    }

    /// The last message of a subject.
    pub(super) async fn last(&self, subject: &str) -> async_nats::Message {
        let seen = self.seen().await;
        seen.into_iter().rev().find(|message| *message.subject == *subject).unwrap()
    }

    /// Makes sure that the doors were seen and the word was not.
    pub(super) async fn assert_blind(&self, door: &str) {
        let seen = self.seen().await;
        let holds = |text: &str| {
            let text = text.as_bytes();
            let within = |bytes: &[u8]| bytes.windows(text.len()).any(|it| it == text);
            seen.iter().filter(|message| within(&message.payload)).count()
        };
        assert!(holds(door) > 0, "`{door}` is no secret, and was to be seen");
        assert_eq!(holds(WORD), 0, "the word was seen");
    }
}
