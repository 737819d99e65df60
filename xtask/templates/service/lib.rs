//! The {{name}} service.

use bodybroker_runtime::prelude::*;
use bodybroker_{{package}}::v1::{EchoRequest, EchoResponse, {{pascal}}Service};

/// The service.
#[derive(Debug)]
pub struct {{pascal}} {
    connection: Connection,
}

impl {{pascal}} {
    /// Starts an instance.
    pub fn start(connection: Connection) -> impl Future<Output = Result<Self>> + Send {
        std::future::ready(Ok(Self { connection }))
    }
}

#[service]
impl {{pascal}}Service for {{pascal}} {
    async fn echo(&self, _ctx: &Context, request: EchoRequest) -> Result<EchoResponse> {
        Ok(EchoResponse { words: request.words, instance: self.connection.id().to_owned() })
    }
}
