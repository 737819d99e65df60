//! axum with JSON over HTTP/1.1, without a broker.

use axum::Json;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use futures::FutureExt as _;
use tokio::net::TcpListener;

use super::{Cell, Flavor, Shape, http};
use crate::{json, role};

pub(super) const CELL: Cell = Cell {
    name: "axum",
    about: "axum and JSON, a connection a caller, no broker",
    shape: Shape::Unary,
    beside: None,
    broker: false,
    flavor: Flavor::MultiThread,
    serve: Some(|_| serve().boxed_local()),
    drive: |url| http::drive(url).boxed_local(),
};

async fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    role::ready(listener.local_addr()?.to_string())?;
    let listener = listener.tap_io(|stream| {
        // Not set, an answer waits for the acknowledgement of the one before; still right, so no reason to stop.
        let _ = stream.set_nodelay(true);
    });
    let app = axum::Router::new().route(http::PATH, post(infer));
    tokio::spawn(axum::serve(listener, app).into_future()).await??;
    Ok(())
}

async fn infer(Json(request): Json<json::Request>) -> Json<json::Response> {
    Json(json::respond(&request))
}
