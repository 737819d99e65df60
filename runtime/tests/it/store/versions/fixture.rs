//! One bucket in three versions of its schema, and in the release between two of them.

use std::sync::Arc;

use bodybroker_runtime::durable::{Durable, Stored, StreamConfig};
use bodybroker_runtime::spec::{
    BucketSpec, Earlier, Sealed, SealedField, SealedMessage, Storage, Versions,
};
use bodybroker_runtime::store::{Migrations, Store};
use bodybroker_runtime::subject::SubjectBuilder;
use bodybroker_runtime::{Result, Status};

macro_rules! message {
    ($name:ident { $($field:ident: $kind:ident = $tag:literal),* }) => {
        #[derive(Clone, PartialEq, prost::Message)]
        pub(super) struct $name {
            $(#[prost($kind, tag = $tag)] pub(super) $field: message!(@ $kind),)*
        }

        impl prost::Name for $name {
            const NAME: &'static str = stringify!($name);
            const PACKAGE: &'static str = "test.v1";
        }
    };
    (@ string) => { String };
    (@ uint64) => { u64 };
}

// What a wallet holds, first in silver, then in gold and silver, at last with its owner's two names apart.
message!(Silver { owner: string = "1", silver: uint64 = "2" });
message!(Purse {
    owner: string = "1",
    silver: uint64 = "2",
    gold: uint64 = "3",
    note: string = "4"
});
message!(Wallet {
    first: string = "1",
    last: string = "2",
    gold: uint64 = "3",
    silver: uint64 = "4",
    note: string = "5"
});

const fn secret(messages: &'static [SealedMessage]) -> Sealed {
    Sealed { messages, index: 0 }
}

const OWNER: &[SealedField] = &[SealedField { number: 1, name: "owner", inside: None }];
const LAST: &[SealedField] = &[SealedField { number: 2, name: "last", inside: None }];
const SEALED_SILVER: Option<Sealed> =
    Some(secret(&[SealedMessage { name: "test.v1.Silver", fields: OWNER }]));
const SEALED_PURSE: Option<Sealed> =
    Some(secret(&[SealedMessage { name: "test.v1.Purse", fields: OWNER }]));
const SEALED_WALLET: Option<Sealed> =
    Some(secret(&[SealedMessage { name: "test.v1.Wallet", fields: LAST }]));

const EARLIER: &[Earlier] = &[
    Earlier { version: 1, value: "test.v1.Silver", sealed: SEALED_SILVER },
    Earlier { version: 2, value: "test.v1.Purse", sealed: SEALED_PURSE },
];

const fn spec(value: &'static str, sealed: Option<Sealed>, versions: Versions) -> BucketSpec {
    BucketSpec {
        name: "wallets",
        value,
        sealed,
        indexes: &[],
        history: 4,
        ttl: None,
        storage: Storage::File,
        replicas: 1,
        versions,
    }
}

pub(super) static FIRST: BucketSpec = spec("test.v1.Silver", SEALED_SILVER, Versions::FIRST);
pub(super) static BETWEEN: BucketSpec = spec(
    "test.v1.Purse",
    SEALED_PURSE,
    Versions { current: 2, written: 1, earlier: EARLIER.split_at(1).0 },
);
pub(super) static SECOND: BucketSpec = spec(
    "test.v1.Purse",
    SEALED_PURSE,
    Versions { current: 2, written: 2, earlier: EARLIER.split_at(1).0 },
);
pub(super) static THIRD: BucketSpec =
    spec("test.v1.Wallet", SEALED_WALLET, Versions { current: 3, written: 3, earlier: EARLIER });
/// The third once nothing of the first is left.
pub(super) static THIRD_WITHOUT_FIRST: BucketSpec = spec(
    "test.v1.Wallet",
    SEALED_WALLET,
    Versions { current: 3, written: 3, earlier: EARLIER.split_at(1).1 },
);

pub(super) fn silver(owner: &str, silver: u64) -> Silver {
    Silver { owner: owner.to_owned(), silver }
}

pub(super) fn purse(owner: &str, gold: u64, silver: u64) -> Purse {
    Purse { owner: owner.to_owned(), silver, gold, note: String::new() }
}

pub(super) fn wallet(first: &str, last: &str, gold: u64, silver: u64) -> Wallet {
    let (first, last) = (first.to_owned(), last.to_owned());
    Wallet { first, last, gold, silver, note: String::new() }
}

/// What a purse holds, in silver.
pub(super) fn worth(purse: &Purse) -> u64 {
    purse.gold * 100 + purse.silver
}

pub(super) fn to_purse(old: Silver) -> Result<Purse> {
    if old.owner == "nobody" {
        return Err(Status::invalid_argument("a purse has an owner"));
    }
    let Silver { owner, silver } = old;
    Ok(Purse { owner, ..purse("", silver / 100, silver % 100) })
}

pub(super) fn to_wallet(old: Purse) -> Result<Wallet> {
    let both = old.owner.split_once(' ');
    let (first, last) = both.ok_or_else(|| Status::invalid_argument("an owner has two names"))?;
    Ok(Wallet { note: old.note, ..wallet(first, last, old.gold, old.silver) })
}

pub(super) fn to_silver(purse: Purse) -> Result<Silver> {
    if !purse.note.is_empty() {
        return Err(Status::invalid_argument("silver has no note"));
    }
    Ok(Silver { silver: worth(&purse), owner: purse.owner })
}

pub(super) fn between() -> (&'static BucketSpec, Migrations<Purse>) {
    (&BETWEEN, Migrations::new().from(1, to_purse).back(to_silver))
}

pub(super) fn second() -> (&'static BucketSpec, Migrations<Purse>) {
    (&SECOND, Migrations::new().from(1, to_purse))
}

pub(super) fn third() -> (&'static BucketSpec, Migrations<Wallet>) {
    (&THIRD, Migrations::new().from(2, to_wallet).from(1, to_purse))
}

/// The bucket as the first release provisioned it.
pub(super) async fn first(durable: &Arc<dyn Durable>) -> Result<Store<Silver>> {
    durable.provision(&StreamConfig::of_bucket(&FIRST)).await?;
    open(durable, &FIRST)
}

pub(super) fn open<T: prost::Message + Default + prost::Name>(
    durable: &Arc<dyn Durable>,
    bucket: impl bodybroker_runtime::store::Opening<T>,
) -> Result<Store<T>> {
    Store::protected(durable, bucket, &bodybroker_runtime::seal::Protection::off())
}

/// What the bucket's stream holds under a key.
pub(super) async fn stored(durable: &Arc<dyn Durable>, key: &str) -> Result<Stored> {
    let subject = SubjectBuilder::new("$KV.wallets").token(key).build();
    Ok(durable.last("KV_wallets", &subject).await?.unwrap())
}

/// The version that a key is stored in.
pub(super) async fn version(durable: &Arc<dyn Durable>, key: &str) -> Result<String> {
    Ok(stored(durable, key).await?.headers.get("Bb-Version").unwrap_or("none").to_owned())
}
