//! What can be served.

use std::sync::Arc;

use super::Incoming;
use crate::delivery::Delivery;
use crate::spec::ServiceSpec;
use crate::status::Result;
use crate::transport::BoxFuture;

/// A service behind its dispatch. Generated code implements it.
pub trait Service: Send + Sync + 'static {
    /// What the schema says.
    fn spec(&self) -> &'static ServiceSpec;

    /// Answers a call of the method with this index.
    fn call(&self, method: usize, call: Incoming);

    /// Handles an event of the consumer with this index.
    fn consume(&self, consumer: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>>;
}

/// What turns into a service: an implementation under `#[service]`, or the generated wrapper of one.
pub trait IntoService {
    /// Wraps it so that it can be served.
    fn into_service(self) -> Arc<dyn Service>;
}

impl IntoService for Arc<dyn Service> {
    fn into_service(self) -> Self {
        self
    }
}
