//! Who answers, and those who ask.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bodybroker_runtime::connection::Options;
use bodybroker_runtime::provision::Provisioner;
use bodybroker_runtime::testing::{NatsServer, RedisServer};
use bodybroker_runtime::{Connection, Context, Result, Server, Status};

use crate::generated::bench::v1::{
    BENCH_THING_BUCKET, CacheClient, CacheService, GetThingRequest, GetThingResponse, STREAMS,
};

/// Servers of its own, and a service.
pub(super) struct Scene {
    pub(super) service: Connection,
    pub(super) things: Arc<Things>,
    nats: NatsServer,
    redis: RedisServer,
    _server: Server,
}

/// What things are like.
#[derive(Debug, Default)]
pub(super) struct Things {
    versions: Mutex<HashMap<String, u64>>,
    asked: AtomicU64,
}

impl Things {
    /// How often the service was asked.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Has something happen to a thing.
    pub(super) fn change(&self, thing: &str) -> u64 {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        let version = versions.entry(thing.to_owned()).or_default();
        *version += 1;
        *version
    }

    fn look(&self, request: &GetThingRequest) -> GetThingResponse {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        let version = versions.get(&request.thing_id).copied().unwrap_or_default();
        GetThingResponse { version, looks: "grey, with a stripe. ".repeat(20) }
    }
}

struct Service(Arc<Things>);

impl CacheService for Service {
    async fn get_thing(&self, _: &Context, request: GetThingRequest) -> Result<GetThingResponse> {
        Ok(self.0.look(&request))
    }

    async fn look_at_thing(
        &self,
        _: &Context,
        request: GetThingRequest,
    ) -> Result<GetThingResponse> {
        Ok(self.0.look(&request))
    }

    async fn hold_thing(&self, _: &Context, request: GetThingRequest) -> Result<GetThingResponse> {
        Ok(self.0.look(&request))
    }
}

impl Scene {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let (nats, redis) = (NatsServer::start().await?, RedisServer::start().await?);
        let service = Connection::connect(Options::new(nats.url(), "bench-things")).await?;
        let provisioner = Provisioner::new().streams(STREAMS).buckets(&[&BENCH_THING_BUCKET]);
        provisioner.apply(&service).await?;
        let things = Arc::<Things>::default();
        let server = service.serve(Service(Arc::clone(&things)).into_server()).await?;
        Ok(Self { service, things, nats, redis, _server: server })
    }

    /// Somebody who asks, as from a process of their own.
    pub(super) async fn caller(&self) -> Result<CacheClient> {
        let options = Options::new(self.nats.url(), "bench-caller").redis(self.redis.url());
        Ok(CacheClient::new(&Connection::connect(options).await?))
    }
}

/// Asks about a thing.
pub(super) fn about(thing: &str) -> GetThingRequest {
    GetThingRequest { thing_id: thing.to_owned() }
}

/// Has a figure that is missing end the measurement.
pub(super) fn missing(what: &str) -> Status {
    Status::failed_precondition(format!("{what} could not be measured"))
}
