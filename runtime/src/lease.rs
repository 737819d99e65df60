//! Leading: of all who contend for a key, one holds it.
//!
//! The lease is a record in a bucket, and every change of it a compare-and-set. Nobody trusts anybody's clock: a
//! contender takes over only after it has itself seen the same revision unchanged for as long as the record says, and
//! a holder stops leading that long after it *began* its last successful renewal. So the holder always stops first, even
//! if its machine was suspended meanwhile.

use std::time::Duration;

use prost::Message;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::connection::Connection;
use crate::durable::{Bucket, Record as Stored, Seen, Start};
use crate::spec::BucketSpec;
use crate::status::{Code, Result, Status};

mod boot;
mod held;
mod record;

pub(crate) use boot::BootClock;
use boot::Moment;
pub use held::Lease;
use record::LeaseRecord;

/// How long a lease is good for unless somebody says otherwise.
const VALIDITY: Duration = Duration::from_secs(5);
/// A lease is renewed this many times within its validity.
const RENEWALS: u32 = 3;

/// One who wants to lead.
#[derive(Debug, Clone)]
pub struct Contender {
    connection: Connection,
    bucket: Bucket,
    key: String,
    holder: String,
    validity: Duration,
}

impl Contender {
    /// Contends for a key of a bucket, whose values have the fields of a lease: `string key = 1; string holder = 2;
    /// uint64 term = 3; google.protobuf.Duration validity = 4; uint64 renewals = 5;`.
    #[must_use]
    pub fn new(connection: &Connection, bucket: &'static BucketSpec, key: &str) -> Self {
        Self::at(connection, Bucket::new(connection.durable().clone(), bucket), key)
    }

    /// The same for a bucket that is open.
    pub(crate) fn at(connection: &Connection, bucket: Bucket, key: &str) -> Self {
        Self {
            connection: connection.clone(),
            bucket,
            key: key.to_owned(),
            holder: format!("{}.{}", connection.name(), connection.id()),
            validity: VALIDITY,
        }
    }

    /// Contends with others of its connection, too.
    pub(crate) fn apart(mut self) -> Self {
        self.holder.push('.');
        crate::base36::write(rand::random(), &mut self.holder);
        self
    }

    /// Holds the lease for this long after each renewal. Default: 5 s.
    #[must_use]
    pub fn validity(mut self, validity: Duration) -> Self {
        self.validity = validity;
        self
    }

    /// Who contends, as the record will name it.
    #[must_use]
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// Waits until this contender leads. Goes on for as long as it takes, across lost connections.
    ///
    /// # Errors
    /// `DATA_LOSS` when the bucket holds something else than a lease under the key.
    pub async fn acquire(&self) -> Result<Lease> {
        loop {
            match self.contend().await {
                Ok(lease) => return Ok(lease),
                Err(status) if status.code() == Code::DataLoss => return Err(status),
                Err(status) => {
                    tracing::debug!(key = self.key, %status, "contending again");
                    tokio::time::sleep(self.validity / RENEWALS / 4).await;
                }
            }
        }
    }

    /// Watches the record until it is free or its holder has been silent for too long, and then tries once.
    async fn contend(&self) -> Result<Lease> {
        let mut seen = self.last().await?;
        let mut changes = self.bucket.watch(Some(&self.key), Start::New).await?;
        // Between the reading and the watching somebody may have renewed it.
        seen = self.last().await?.or(seen);
        let mut silent_since = Instant::now();
        loop {
            let Some((record, _)) = &seen else { return self.take(None).await };
            if record.holder.is_empty() || record.holder == self.holder {
                return self.take(seen).await;
            }
            tokio::select! {
                biased;
                change = futures::StreamExt::next(&mut changes) => {
                    let change = change.unwrap_or_else(|| Err(Status::unavailable("the watch ended")));
                    let Seen::Record(record) = change? else { continue };
                    seen = self.read(record)?;
                    silent_since = Instant::now();
                }
                () = sleep_until(silent_since + record.validity()) => return self.take(seen).await,
            }
        }
    }

    async fn last(&self) -> Result<Option<(LeaseRecord, u64)>> {
        match self.bucket.last(&self.key).await? {
            Some(stored) => self.read(stored),
            None => Ok(None),
        }
    }

    fn read(&self, stored: Stored) -> Result<Option<(LeaseRecord, u64)>> {
        let Stored { value: Some(value), revision, .. } = stored else { return Ok(None) };
        let record = LeaseRecord::decode(value).map_err(|error| {
            let bucket = self.bucket.name();
            Status::data_loss(format!(
                "bucket {bucket} holds no lease under `{}`: {error}",
                self.key
            ))
        })?;
        Ok(Some((record, revision)))
    }

    async fn take(&self, from: Option<(LeaseRecord, u64)>) -> Result<Lease> {
        let term = from.as_ref().map_or(1, |(record, _)| record.term + 1);
        let record = LeaseRecord::new(&self.key, &self.holder, term, self.validity);
        let began = Moment::now(self.connection.boot_clock());
        let value = record.encode_to_vec().into();
        let taking = async {
            match from {
                Some((_, revision)) => self.bucket.update(&self.key, value, revision).await,
                None => self.bucket.create(&self.key, value).await,
            }
        };
        let until = began.after(self.validity);
        let revision = timeout_at(until.awake, taking).await.map_err(|_| {
            Status::deadline_exceeded("the lease would be over before it is confirmed")
        })??;
        tracing::info!(key = self.key, holder = self.holder, term, "leads");
        Ok(Lease::hold(self.clone(), record, revision, until))
    }
}
