//! The client of the HTTP cells: hyper over HTTP/1.1 with JSON, a kept connection for each caller.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::load::{Caller, Pool};
use crate::{json, role};

/// Path of the method.
pub(super) const PATH: &str = "/v1/infer";

/// Calls the server at an address.
pub(super) async fn drive(address: String) -> anyhow::Result<()> {
    role::follow(Pool::new(async || {
        let stream = TcpStream::connect(&address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Http { sender, host: address.clone(), request: json::request() })
    }))
    .await
}

struct Http {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    request: json::Request,
}

impl Caller for Http {
    async fn call(&mut self) -> anyhow::Result<Option<Duration>> {
        let body = Bytes::from(serde_json::to_vec(&self.request.clone())?);
        let request = Request::post(PATH)
            .header(HOST, &self.host)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        anyhow::ensure!(response.status().is_success(), "a refusal: {}", response.status());
        let body = response.into_body().collect().await?.to_bytes();
        json::check(&serde_json::from_slice::<json::Response>(&body)?)?;
        Ok(None)
    }
}
