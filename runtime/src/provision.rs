//! Making the streams, buckets and consumers that a schema declares. An identity of its own does this in production:
//! services may use what is there, and change none of it.

use std::collections::BTreeMap;

use crate::connection::Connection;
use crate::durable::{
    ConsumerConfig, DEAD_LETTERS, Destruction, Plan, Provisioned, StreamConfig, TakenOver,
};
use crate::spec::{BucketSpec, ServiceSpec, StreamSpec};
use crate::status::{Result, Status};

/// Makes what schemas declare. Doing it twice changes nothing.
#[derive(Debug, Default)]
pub struct Provisioner {
    streams: BTreeMap<String, StreamConfig>,
    buckets: BTreeMap<String, StreamConfig>,
    consumers: Vec<ConsumerConfig>,
    fewer_replicas: bool,
    destruction: Destruction,
    mistakes: Vec<String>,
}

/// What was done to a stream or a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Name of the stream; a bucket's begins with `KV_`.
    pub stream: String,
    /// What was done.
    pub done: Provisioned,
}

impl Provisioner {
    /// Makes nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds streams.
    #[must_use]
    pub fn streams<'a>(mut self, specs: impl IntoIterator<Item = &'a StreamSpec>) -> Self {
        for spec in specs {
            self.streams.insert(spec.name.to_owned(), StreamConfig::of_stream(spec));
        }
        self
    }

    /// Adds the buckets and the consumers of a service.
    #[must_use]
    pub fn service(mut self, spec: &ServiceSpec) -> Self {
        for consume in spec.consumes {
            match ConsumerConfig::of_event(consume) {
                Ok(config) => self.consumers.push(config),
                Err(status) => self.mistakes.push(status.message().to_owned()),
            }
        }
        self.buckets(spec.buckets)
    }

    /// Adds buckets.
    #[must_use]
    pub fn buckets(mut self, specs: &[&BucketSpec]) -> Self {
        for spec in specs {
            self.buckets.insert(spec.name.to_owned(), StreamConfig::of_bucket(spec));
        }
        self
    }

    /// Makes do with one replica on a server without a cluster, for development. Without this, such a server refuses
    /// what asks for more.
    #[must_use]
    pub fn allow_fewer_replicas(mut self) -> Self {
        self.fewer_replicas = true;
        self
    }

    /// Says what becomes of changes that take something away, such as older messages or copies. Without this, they are
    /// refused.
    #[must_use]
    pub fn destruction(mut self, destruction: Destruction) -> Self {
        self.destruction = destruction;
        self
    }

    /// What [`Provisioner::apply`] would do, in that order, with the stream's name; a bucket's begins with `KV_`.
    /// Nothing is changed.
    ///
    /// # Errors
    /// `UNAVAILABLE` when the server doesn't answer.
    pub async fn plan(self, connection: &Connection) -> Result<Vec<(String, Plan)>> {
        let durable = connection.durable();
        let mut plans = Vec::new();
        for (stream, _) in self.ready(connection).await? {
            let plan = durable.plan(&stream).await?;
            plans.push((stream.name, plan));
        }
        Ok(plans)
    }

    /// Makes everything: buckets first, because streams take over their writes, and consumers last.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` when something would be taken away. What came before it is made.
    pub async fn apply(self, connection: &Connection) -> Result<Vec<Step>> {
        let durable = connection.durable();
        let destruction = self.destruction;
        let mut steps = Vec::new();
        for (stream, consumers) in self.ready(connection).await? {
            let done = durable.migrate(&stream, destruction).await?;
            tracing::info!(stream = stream.name, ?done, "provisioned");
            steps.push(Step { stream: stream.name, done });
            for consumer in consumers {
                durable.consumer(&consumer).await?;
            }
        }
        Ok(steps)
    }

    /// Everything that is to be made, as far as this server can.
    async fn ready(
        self,
        connection: &Connection,
    ) -> Result<Vec<(StreamConfig, Vec<ConsumerConfig>)>> {
        if !self.mistakes.is_empty() {
            return Err(Status::invalid_argument(self.mistakes.join("; ")));
        }
        let clamp = self.fewer_replicas && !connection.durable().clustered().await?;
        let mut streams = self.into_streams();
        if clamp {
            for (stream, _) in &mut streams {
                stream.replicas = 1;
            }
        }
        Ok(streams)
    }

    /// Streams in the order of their making, each with its consumers.
    fn into_streams(self) -> Vec<(StreamConfig, Vec<ConsumerConfig>)> {
        let Self { mut streams, mut buckets, consumers, .. } = self;
        if !consumers.is_empty() && !streams.contains_key(DEAD_LETTERS) {
            // A letter outlives what it is about.
            let replicas = streams.values().chain(buckets.values()).map(|config| config.replicas);
            let replicas = replicas.max().unwrap_or(1);
            let letters = StreamConfig { replicas, ..StreamConfig::of_dead_letters() };
            streams.insert(DEAD_LETTERS.to_owned(), letters);
        }
        for stream in streams.values() {
            for source in &stream.sources {
                if let Some(bucket) = buckets.get_mut(&source.bucket) {
                    bucket.keep_for_events(TakenOver {
                        stream: stream.name.clone(),
                        destination: source.destination.clone(),
                    });
                }
            }
        }
        let with_consumers = |stream: StreamConfig| {
            let of_stream = consumers.iter().filter(|consumer| consumer.stream == stream.name);
            let of_stream = of_stream.cloned().collect();
            (stream, of_stream)
        };
        // A source whose bucket isn't there yet would only be tried again later.
        buckets.into_values().chain(streams.into_values()).map(with_consumers).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{ConsumeSpec, EventSpec, Storage, Versions};

    #[test]
    fn dead_letters_have_as_many_replicas_as_what_they_are_about() {
        static EVENT: EventSpec = EventSpec {
            name: "test.v1.Rang",
            filter: "evt.>",
            stream: "EVENTS",
            storage: Storage::File,
            replicas: 1,
            bucket: None,
            sealed: None,
        };
        static BUCKET: BucketSpec = BucketSpec {
            name: "things",
            value: "test.v1.Thing",
            sealed: None,
            indexes: &[],
            history: 1,
            ttl: None,
            storage: Storage::File,
            replicas: 3,
            versions: Versions::FIRST,
        };
        let consume = ConsumeSpec { durable: "listener", event: &EVENT };
        let mut provisioner = Provisioner::new().buckets(&[&BUCKET]);
        provisioner.consumers.push(ConsumerConfig::of_event(&consume).unwrap());
        let streams = provisioner.into_streams();
        let letters = streams.iter().find(|(stream, _)| stream.name == DEAD_LETTERS).unwrap();
        assert_eq!(letters.0.replicas, 3);
    }
}
