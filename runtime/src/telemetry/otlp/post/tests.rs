use std::sync::Arc;

use futures::FutureExt as _;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

/// Takes one request, answers it, and tells what it was.
async fn take(mut socket: impl AsyncRead + AsyncWrite + Unpin) -> String {
    let mut heard = Vec::new();
    while !heard.ends_with(b"spans") {
        assert_ne!(socket.read_buf(&mut heard).await.unwrap(), 0, "it ends too early");
    }
    socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
    String::from_utf8(heard).unwrap()
}

/// Posts from a thread that has no runtime, as the SDK does.
async fn post(url: String, tls: Tls) -> std::result::Result<Response<Bytes>, HttpError> {
    let post = move || {
        let request = Request::post(&url).body(Bytes::from_static(b"spans")).unwrap();
        let post = Post::to(&url, &tls, PATIENCE).unwrap();
        post.send_bytes(request).now_or_never().unwrap()
    };
    tokio::task::spawn_blocking(post).await.unwrap()
}

#[tokio::test]
async fn a_collector_is_posted_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let taking = tokio::spawn(async move { take(listener.accept().await.unwrap().0).await });
    let answer = post(format!("http://{address}/v1/traces"), Tls::default()).await.unwrap();
    assert_eq!(&answer.body()[..], b"ok");
    let heard = taking.await.unwrap();
    assert!(heard.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{heard}");
    assert!(heard.contains(&format!("host: {address}\r\n")), "{heard}");
}

#[tokio::test]
async fn spans_are_encrypted_for_who_is_vouched_for_and_for_nobody_else() {
    let issued = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let folder = TempDir::new().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, issued.cert.pem()).unwrap();
    let key = issued.signing_key.serialize_der().try_into().unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![issued.cert.into()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/v1/traces", listener.local_addr().unwrap());
    let taking = tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            if let Ok(socket) = acceptor.accept(socket).await {
                return take(socket).await;
            }
        }
    });
    let error = post(url.clone(), Tls::default()).await.unwrap_err().to_string();
    assert!(error.contains("TLS to 127.0.0.1 failed"), "{error}");
    let trusting = Tls { ca: Some(ca), identity: None };
    assert_eq!(&post(url, trusting).await.unwrap().body()[..], b"ok");
    assert!(taking.await.unwrap().starts_with("POST /v1/traces HTTP/1.1\r\n"));
}

#[test]
fn what_leads_nowhere_is_refused_before_anything_is_sent() {
    let refused = |url| Post::to(url, &Tls::default(), PATIENCE).unwrap_err();
    for url in ["127.0.0.1:4318", "grpc://127.0.0.1:4317", "/v1/traces"] {
        assert!(refused(url).message().contains("write a URL such as"), "{url}");
    }
    let tls = Tls { ca: Some("/nowhere/ca.pem".into()), identity: None };
    let status = Post::to("https://127.0.0.1", &tls, PATIENCE).unwrap_err();
    assert!(status.message().contains("/nowhere/ca.pem"), "{status}");
}
