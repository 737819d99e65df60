#[path = "../support.rs"]
mod support;

use support::runtime::*;

/// Stands for a generated crate whose method takes and gives `google.protobuf.BytesValue`.
mod raw {
    use std::sync::Arc;

    use super::support::runtime::{Context, Result, Service};

    pub trait RawService: Send + Sync + 'static {
        fn echo(&self, ctx: &Context, request: Vec<u8>) -> impl Future<Output = Result<Vec<u8>>> + Send;

        fn into_server(self) -> RawServer<Self>
        where
            Self: Sized,
        {
            RawServer(Arc::new(self))
        }
    }

    pub struct RawServer<S>(Arc<S>);

    impl<S: RawService> Service for RawServer<S> {
        fn name(&self) -> &'static str {
            "RawService"
        }
    }

    #[macro_export]
    macro_rules! __raw_service {
        ($($input:tt)*) => {
            $crate::support::runtime::__service! {
                {
                    service "bodybroker.raw.v1.RawService" trait RawService
                    methods {
                        echo "Echo" unary (::std::vec::Vec<u8>) (::std::vec::Vec<u8>);
                    }
                }
                $($input)*
            }
        };
    }
    pub use __raw_service as RawService;
}

use raw::*;

struct Echo;

#[service(crate = crate::support::runtime)]
impl RawService for Echo {
    async fn echo(&self, _ctx: &Context, bytes: Vec<u8>) -> Result<Vec<u8>> {
        Ok(bytes)
    }
}

fn main() {
    serve(Echo);
    assert_eq!(block_on(Echo.echo(&Context, vec![7])).ok(), Some(vec![7]));
}
