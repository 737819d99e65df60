//! The HTTP port of a process: `/livez`, `/readyz`, `/startupz` and `/metrics`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Health;
use crate::status::{Result, Status};
use crate::telemetry::recorder::Recorder;

/// Connections at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 32;
/// Time that a client gets to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pause after an attempt to accept that failed, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// The port while it is open; closed on drop.
#[derive(Debug)]
pub(crate) struct Port {
    address: SocketAddr,
    /// Aborted on drop.
    _tasks: JoinSet<()>,
}

impl Port {
    /// Opens the port.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` when the address can't be had.
    pub(super) async fn open(
        address: SocketAddr,
        health: Health,
        recorder: Option<&'static Recorder>,
    ) -> Result<Self> {
        let taken = |error| {
            Status::failed_precondition(format!(
                "BB_HTTP_ADDR is `{address}`, where nobody can listen: {error}"
            ))
        };
        let listener = TcpListener::bind(address).await.map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        tracing::info!(%address, "telling health and metrics");
        let probes = Arc::new(Probes { health, recorder });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, probes));
        Ok(Self { address, _tasks: tasks })
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn accept(listener: TcpListener, probes: Arc<Probes>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let Ok((socket, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let probes = Arc::clone(&probes);
        tokio::spawn(async move {
            serve(socket, probes).await;
            drop(place);
        });
    }
}

async fn serve(socket: TcpStream, probes: Arc<Probes>) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let answer = probes.answer(request.method(), request.uri().path());
        async move { Ok::<_, Infallible>(answer) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(socket), answer)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection for health and metrics broke");
    }
}

/// What the port answers with.
#[derive(Debug)]
struct Probes {
    health: Health,
    recorder: Option<&'static Recorder>,
}

/// What is there to ask for.
const PATHS: &str = "ask for /livez, /startupz, /readyz or /metrics\n";

impl Probes {
    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        if method != Method::GET && method != Method::HEAD {
            return text(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered\n");
        }
        match path {
            // That this line runs is the answer: it takes its turn on the threads that run the services.
            "/livez" => text(StatusCode::OK, "alive\n"),
            "/startupz" if self.health.has_started() => text(StatusCode::OK, "started\n"),
            "/startupz" => text(StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
            "/readyz" => self.ready(),
            "/metrics" => self.metrics(),
            _ => text(StatusCode::NOT_FOUND, PATHS),
        }
    }

    fn ready(&self) -> Response<Full<Bytes>> {
        let report = self.health.report();
        let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        respond(status, "application/json", report.json())
    }

    fn metrics(&self) -> Response<Full<Bytes>> {
        let Some(recorder) = self.recorder else {
            let words = "the program keeps its metrics elsewhere\n";
            return text(StatusCode::NOT_FOUND, words);
        };
        self.health.gauge();
        respond(StatusCode::OK, "text/plain; version=0.0.4", recorder.render().into_bytes())
    }
}

fn text(status: StatusCode, words: &'static str) -> Response<Full<Bytes>> {
    respond(status, "text/plain; charset=utf-8", words.as_bytes().to_vec())
}

fn respond(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}
