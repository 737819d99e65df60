//! Makes a connection, up to the point where messages can flow.

use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio_rustls::client::TlsStream;

use super::auth;
use super::info::Info;
use super::pool::Pool;
use super::writer::Half;
use crate::connection::Options;
use crate::status::{Result, Status};
use crate::tls::Encryption;
use crate::wire::encode;
use crate::wire::parse::{Op, Parsed, parse};

/// A connection over which messages can flow.
pub(super) struct Link {
    /// Where it leads.
    pub(super) url: String,
    pub(super) info: Info,
    pub(super) reader: Reader,
    pub(super) half: Half,
    /// Bytes that were read behind the handshake.
    pub(super) rest: BytesMut,
}

/// Where bytes are read.
pub(super) enum Reader {
    /// Plain.
    Tcp(OwnedReadHalf),
    /// Encrypted.
    Tls(ReadHalf<TlsStream<TcpStream>>),
}

impl Reader {
    /// Reads what is there, at least one byte; 0 when the server has closed.
    pub(super) async fn read(&mut self, buffer: &mut BytesMut) -> std::io::Result<usize> {
        match self {
            Self::Tcp(half) => half.read_buf(buffer).await,
            Self::Tls(half) => half.read_buf(buffer).await,
        }
    }

    /// Has the system forget what is written and not yet sent, once the connection is dropped.
    pub(super) fn forget_unsent(&self) {
        let forgotten = match self {
            Self::Tcp(half) => half.as_ref().set_zero_linger(),
            // The stream is shared with the writing half and can't be reached here.
            Self::Tls(_) => Ok(()),
        };
        if let Err(error) = forgotten {
            tracing::debug!(%error, "what is unsent may still arrive");
        }
    }
}

/// Tries the servers one after the other and returns the first connection; the one to avoid is tried last.
pub(super) async fn dial(
    options: &Options,
    role: &str,
    pool: &Pool,
    avoid: Option<&str>,
) -> Result<Link> {
    let mut last = Status::invalid_argument(
        "no NATS server is named: give a URL such as nats://127.0.0.1:4222",
    );
    for url in pool.order(avoid) {
        let attempt = tokio::time::timeout(options.connect_timeout, one(options, role, &url)).await;
        match attempt {
            Ok(Ok(link)) => return Ok(link),
            Ok(Err(status)) => last = status,
            Err(_) => last = Status::unavailable(format!("{url} did not answer in time")),
        }
    }
    Err(last)
}

async fn one(options: &Options, role: &str, url: &str) -> Result<Link> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("nats", url));
    // Who we are is said in the options, never in an address that lands in logs.
    let address = rest.rsplit('@').next().unwrap_or(rest).trim_end_matches('/');
    let (host, port) = split_port(address)?;
    let failed = |error: std::io::Error| Status::unavailable(format!("{address}: {error}"));
    let mut stream = TcpStream::connect((host, port)).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let mut buffer = BytesMut::with_capacity(4096);
    let info = read_info(&mut stream, &mut buffer).await?;
    if !info.headers {
        return Err(Status::failed_precondition(format!(
            "the server {} {} knows no headers: run nats-server 2.10 or newer",
            info.server_name, info.version
        )));
    }
    let encrypted = options.tls.is_some() || scheme == "tls" || info.tls_required;
    let connect = auth::connect(options, role, &info, encrypted)?;
    if encrypted {
        if !buffer.is_empty() {
            // Whoever is between us could have the server say anything before its words are encrypted.
            return Err(Status::unavailable(format!("{address}: there are words before TLS")));
        }
        let tls = options.tls.clone().unwrap_or_default();
        let mut stream = Encryption::new(&tls)?.upgrade(stream, host).await?;
        introduce(&mut stream, &connect, &mut buffer).await?;
        let (read, write) = tokio::io::split(stream);
        let (reader, half) = (Reader::Tls(read), Half::Tls(write));
        return Ok(Link { url: url.to_owned(), info, reader, half, rest: buffer });
    }
    introduce(&mut stream, &connect, &mut buffer).await?;
    let (read, write) = stream.into_split();
    let half = Half::Tcp(Arc::new(write));
    Ok(Link { url: url.to_owned(), info, reader: Reader::Tcp(read), half, rest: buffer })
}

fn split_port(address: &str) -> Result<(&str, u16)> {
    let bad = || Status::invalid_argument(format!("`{address}` is no address: write host:port"));
    if let Some(rest) = address.strip_prefix('[') {
        let (host, port) = rest.split_once(']').ok_or_else(bad)?;
        let port = port.strip_prefix(':').unwrap_or("4222");
        return Ok((host, port.parse().map_err(|_| bad())?));
    }
    match address.split_once(':') {
        Some((host, port)) => Ok((host, port.parse().map_err(|_| bad())?)),
        None => Ok((address, 4222)),
    }
}

async fn read_info(stream: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut) -> Result<Info> {
    loop {
        if let Some((op, used, bytes)) = next(buffer)? {
            let Op::Info(json) = op else {
                return Err(Status::unavailable("the server did not introduce itself"));
            };
            let info = serde_json::from_slice(&bytes[json]).map_err(|error| {
                Status::unavailable(format!("the server's INFO doesn't parse: {error}"))
            })?;
            let _ = used;
            return Ok(info);
        }
        read_more(stream, buffer).await?;
    }
}

/// Says who we are and waits until the server agrees.
async fn introduce(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    connect: &[u8],
    buffer: &mut BytesMut,
) -> Result<()> {
    let failed =
        |error: std::io::Error| Status::unavailable(format!("the connection broke: {error}"));
    let mut out = Vec::with_capacity(connect.len() + 32);
    encode::connect(&mut out, connect);
    encode::ping(&mut out);
    stream.write_all(&out).await.map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    loop {
        while let Some((op, _, bytes)) = next(buffer)? {
            match op {
                Op::Pong => return Ok(()),
                Op::Err(text) => {
                    let text = String::from_utf8_lossy(&bytes[text]);
                    return Err(Status::unauthenticated(format!("the server refused us: {text}")));
                }
                Op::Ping => stream.write_all(b"PONG\r\n").await.map_err(failed)?,
                Op::Info(_) | Op::Ok => {}
                Op::Message(_) => return Err(Status::unavailable("a message came too early")),
            }
        }
        read_more(stream, buffer).await?;
    }
}

/// Takes the next operation out of the buffer, with its bytes.
fn next(buffer: &mut BytesMut) -> Result<Option<(Op, usize, BytesMut)>> {
    match parse(buffer) {
        Ok(Parsed::Op(op, used)) => Ok(Some((op, used, buffer.split_to(used)))),
        Ok(Parsed::Partial(_)) => Ok(None),
        Err(malformed) => Err(Status::unavailable(malformed.to_string())),
    }
}

async fn read_more(stream: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut) -> Result<()> {
    match stream.read_buf(buffer).await {
        Ok(0) => Err(Status::unavailable("the server closed the connection")),
        Ok(_) => Ok(()),
        Err(error) => Err(Status::unavailable(format!("the connection broke: {error}"))),
    }
}
