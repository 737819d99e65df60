//! A method as generated code would declare it, for tests.

use std::time::Duration;

use super::{Idempotency, Kind, MethodSpec};

/// Without any option.
pub(crate) const FEED: MethodSpec = MethodSpec {
    service: "acme.zoo.v1.ZooService",
    service_subject: "svc.zoo.v1",
    name: "Feed",
    subject: "svc.zoo.v1.feed",
    queue_group: "q.zoo",
    kind: Kind::Unary,
    timeout: Duration::from_millis(250),
    idempotency: Idempotency::None,
    max_in_flight: 8,
    request: "acme.zoo.v1.FeedRequest",
    response: "acme.zoo.v1.FeedResponse",
    ..MethodSpec::EMPTY
};
