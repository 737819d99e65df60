//! Posts to a collector, from the thread on which the SDK gathers spans: no runtime of ours is there.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::status::{Result, Status};
use crate::tls::{Encryption, Tls};

#[cfg(test)]
mod tests;

/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Posts to one collector.
#[derive(Debug)]
pub(super) struct Post {
    host: String,
    port: u16,
    encryption: Option<Encryption>,
    timeout: Duration,
}

type Answering<'a> =
    Pin<Box<dyn Future<Output = std::result::Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl Post {
    /// Prepares to post to where a URL leads, with these certificates if that is over HTTPS.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when it is neither HTTP nor HTTPS, or a certificate can't be used.
    pub(super) fn to(url: &str, tls: &Tls, timeout: Duration) -> Result<Self> {
        let bad = || Status::invalid_argument("write a URL such as http://127.0.0.1:4318");
        let uri = url.parse::<Uri>().map_err(|e| Status::invalid_argument(e.to_string()))?;
        let (encryption, port) = match uri.scheme_str() {
            Some("http") => (None, 80),
            Some("https") => (Some(Encryption::new(tls)?), 443),
            _ => return Err(bad()),
        };
        let host = uri.host().ok_or_else(bad)?;
        // An address of IPv6 stands in brackets that are no part of it.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { host, port: uri.port_u16().unwrap_or(port), encryption, timeout })
    }

    async fn post(
        &self,
        request: Request<Bytes>,
    ) -> std::result::Result<Response<Bytes>, HttpError> {
        let socket = TcpStream::connect((&*self.host, self.port)).await?;
        match &self.encryption {
            None => exchange(socket, request).await,
            Some(encryption) => {
                exchange(encryption.upgrade(socket, &self.host).await?, request).await
            }
        }
    }
}

/// Sends a request over a connection of its own.
async fn exchange<S>(
    socket: S,
    mut request: Request<Bytes>,
) -> std::result::Result<Response<Bytes>, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
    tokio::spawn(connection);
    if let Some(authority) = request.uri().authority() {
        let host = HeaderValue::from_str(authority.as_str())?;
        request.headers_mut().insert(header::HOST, host);
    }
    if let Some(path) = request.uri().path_and_query().cloned() {
        *request.uri_mut() = path.into();
    }
    let answer = sender.send_request(request.map(Full::new)).await?;
    let (parts, body) = answer.into_parts();
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?.to_bytes();
    Ok(Response::from_parts(parts, body))
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
