//! Posts to a collector, from the thread on which the SDK gathers spans: no runtime of ours is there.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use tokio::net::TcpStream;

use crate::status::{Result, Status};

/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Posts to one collector.
#[derive(Debug)]
pub(super) struct Post {
    /// Host and port.
    authority: String,
    timeout: Duration,
}

type Answering<'a> =
    Pin<Box<dyn Future<Output = std::result::Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl Post {
    /// Prepares to post to where a URL leads.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when it isn't one of HTTP without TLS.
    pub(super) fn to(url: &str, timeout: Duration) -> Result<Self> {
        let uri = url.parse::<Uri>().map_err(|e| Status::invalid_argument(e.to_string()))?;
        match (uri.scheme_str(), uri.host()) {
            (Some("http"), Some(host)) => {
                let port = uri.port_u16().unwrap_or(80);
                Ok(Self { authority: format!("{host}:{port}"), timeout })
            }
            (Some("https"), _) => Err(Status::invalid_argument(
                "only http:// is spoken; let a collector beside the program speak TLS",
            )),
            _ => Err(Status::invalid_argument("write a URL such as http://127.0.0.1:4318")),
        }
    }

    async fn post(
        &self,
        mut request: Request<Bytes>,
    ) -> std::result::Result<Response<Bytes>, HttpError> {
        let socket = TcpStream::connect(&self.authority).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        let host = HeaderValue::from_str(&self.authority)?;
        request.headers_mut().insert(header::HOST, host);
        if let Some(path) = request.uri().path_and_query().cloned() {
            *request.uri_mut() = path.into();
        }
        let answer = sender.send_request(request.map(Full::new)).await?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?.to_bytes();
        Ok(Response::from_parts(parts, body))
    }
}

impl HttpClient for Post {
    fn send_bytes<'a, 'b>(&'a self, request: Request<Bytes>) -> Answering<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            // One for each batch, every few seconds: it lives and ends on the SDK's thread.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime
                .block_on(async { tokio::time::timeout(self.timeout, self.post(request)).await? })
        })
    }
}
