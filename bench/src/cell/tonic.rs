//! tonic: gRPC over HTTP/2, without a broker. Written without generated code, which does the same.

use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt as _, Stream, stream};
use hyper::Uri;
use tonic::body::Body;
use tonic::client::Grpc as Client;
use tonic::codegen::{Service, http};
use tonic::server::Grpc as Server;
use tonic::transport::Channel;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use super::{Cell, Flavor, Shape};
use crate::load::{Caller, Pool};
use crate::message::{self, InferRequest, InferResponse, InferStreamRequest, InferStreamResponse};
use crate::role;

pub(super) const UNARY: &str = "/bodybroker.bench.v1.BenchService/Infer";
pub(super) const STREAM: &str = "/bodybroker.bench.v1.BenchService/InferStream";

pub(super) const CELL: Cell = Cell {
    name: "tonic",
    about: "tonic, one HTTP/2 connection, no broker",
    shape: Shape::Unary,
    beside: None,
    broker: false,
    flavor: Flavor::MultiThread,
    serve: Some(|_| serve().boxed_local()),
    drive: |url| drive(url).boxed_local(),
};

pub(super) const CURRENT_THREAD: Cell = Cell {
    name: "tonic-ct",
    about: "the same on current-thread runtimes",
    flavor: Flavor::CurrentThread,
    ..CELL
};

/// Serves both methods.
pub(super) async fn serve() -> anyhow::Result<()> {
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into())?.with_nodelay(Some(true));
    role::ready(incoming.local_addr()?.to_string())?;
    let server = tonic::transport::Server::builder();
    let serving = server.serve_with_incoming(Methods, incoming);
    tokio::spawn(serving).await??;
    Ok(())
}

/// Connects a client.
pub(super) async fn connect(url: &str) -> anyhow::Result<Client<Channel>> {
    let channel =
        Channel::from_shared(format!("http://{url}"))?.tcp_nodelay(true).connect().await?;
    Ok(Client::with_origin(channel, Uri::try_from(format!("http://{url}"))?))
}

async fn drive(url: String) -> anyhow::Result<()> {
    let client = connect(&url).await?;
    role::follow(Pool::new(async || {
        Ok(Tonic { client: client.clone(), request: message::request() })
    }))
    .await
}

struct Tonic {
    client: Client<Channel>,
    request: InferRequest,
}

impl Caller for Tonic {
    async fn call(&mut self) -> anyhow::Result<Option<Duration>> {
        self.client.ready().await?;
        let path = http::uri::PathAndQuery::from_static(UNARY);
        let codec = ProstCodec::<InferRequest, InferResponse>::default();
        let request = Request::new(self.request.clone());
        let response = self.client.unary(request, path, codec).await?;
        message::check(response.get_ref())?;
        Ok(None)
    }
}

#[derive(Clone)]
struct Methods;

impl Service<http::Request<Body>> for Methods {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            Ok(match request.uri().path() {
                UNARY => Server::new(ProstCodec::default()).unary(Unary, request).await,
                STREAM => {
                    Server::new(ProstCodec::default()).server_streaming(Frames, request).await
                }
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

struct Unary;

impl Service<Request<InferRequest>> for Unary {
    type Response = Response<InferResponse>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<InferRequest>) -> Self::Future {
        Box::pin(async move { Ok(Response::new(message::respond(request.get_ref()))) })
    }
}

struct Frames;

type BoxedFrames = Box<dyn Stream<Item = Result<InferStreamResponse, Status>> + Send + Unpin>;

impl Service<Request<InferStreamRequest>> for Frames {
    type Response = Response<BoxedFrames>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<InferStreamRequest>) -> Self::Future {
        Box::pin(async move {
            let frames: BoxedFrames =
                Box::new(stream::iter(message::frames(request.get_ref()).map(Ok)));
            Ok(Response::new(frames))
        })
    }
}
