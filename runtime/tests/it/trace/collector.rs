//! A collector: it takes spans over HTTP and shows them as trees.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bodybroker_runtime::telemetry;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A collector while it listens.
pub(super) struct Collector {
    address: SocketAddr,
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Collector {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let spans = Arc::<Mutex<Vec<Span>>>::default();
        let taken = Arc::clone(&spans);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(take(socket, Arc::clone(&taken)));
            }
        });
        Self { address, spans }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/v1/traces", self.address)
    }

    /// Waits until so many spans have come, and shows their trees in the order of the alphabet.
    pub(super) async fn until(&self, count: usize) -> Vec<String> {
        let coming = async {
            while self.spans.lock().unwrap().len() < count {
                telemetry::flush().await;
            }
        };
        let came = tokio::time::timeout(Duration::from_secs(15), coming).await;
        let spans = self.spans.lock().unwrap();
        let trees = trees(&spans);
        assert!(came.is_ok(), "of {count} spans these came:\n{}", trees.join("\n"));
        trees
    }
}

/// Takes one request.
async fn take(socket: TcpStream, spans: Arc<Mutex<Vec<Span>>>) {
    let mut socket = BufReader::new(socket);
    let (mut line, mut length) = (String::new(), 0);
    socket.read_line(&mut line).await.unwrap();
    assert!(line.starts_with("POST /v1/traces HTTP/1.1"), "{line}");
    loop {
        line.clear();
        socket.read_line(&mut line).await.unwrap();
        match line.trim().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap();
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.unwrap();
    let request = ExportTraceServiceRequest::decode(&*body).unwrap();
    let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    spans.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans));
    let answer =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
    socket.write_all(answer).await.unwrap();
}

/// Each trace as an indented tree; a span whose parent didn't come is a root.
fn trees(spans: &[Span]) -> Vec<String> {
    let mut traces = BTreeMap::<&[u8], Vec<&Span>>::new();
    for span in spans {
        traces.entry(&span.trace_id).or_default().push(span);
    }
    let mut trees: Vec<_> = traces
        .values()
        .map(|spans| {
            let known = |id: &[u8]| spans.iter().any(|span| span.span_id == id);
            let mut tree = String::new();
            for root in spans.iter().filter(|span| !known(&span.parent_span_id)) {
                draw(root, spans, 0, &mut tree);
            }
            tree
        })
        .collect();
    trees.sort();
    trees
}

fn draw(span: &Span, all: &[&Span], depth: usize, tree: &mut String) {
    let _ = writeln!(tree, "{:indent$}{}", "", title(span), indent = depth * 2);
    let mut children: Vec<_> =
        all.iter().filter(|child| child.parent_span_id == span.span_id).collect();
    children.sort_by_key(|child| title(child));
    for child in children {
        draw(child, all, depth + 1, tree);
    }
}

fn title(span: &Span) -> String {
    let kind = format!("{:?}", span.kind()).to_lowercase();
    let mut title = format!("{kind} {}", span.name);
    for attribute in &span.attributes {
        let value = attribute.value.as_ref().and_then(|value| value.value.as_ref());
        if let (true, Some(Value::StringValue(number))) = (attribute.key == "attempt", value) {
            let _ = write!(title, " attempt {number}");
        }
    }
    if span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error) {
        title.push_str(" failed");
    }
    let moments: Vec<_> = span.events.iter().map(|event| &*event.name).collect();
    if !moments.is_empty() {
        let _ = write!(title, " ({})", moments.join(", "));
    }
    title
}
