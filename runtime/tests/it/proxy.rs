//! Links that fail as told.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bodybroker_runtime::testing::Proxy;
use bodybroker_runtime::testing::proxy::{Faults, Flow};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Long enough for bytes on a clear link to have come.
const NEVER: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_clear_link_carries_everything_both_ways_and_ends() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    let (mut read, mut write) = stream.split();
    let sent: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    let sending = async {
        write.write_all(&sent).await.unwrap();
        write.shutdown().await.unwrap();
    };
    let mut heard = Vec::new();
    let (read, ()) = tokio::join!(read.read_to_end(&mut heard), sending);
    read.unwrap();
    assert!(heard == sent);
}

#[tokio::test]
async fn a_black_hole_gives_back_nothing_until_it_is_healed() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    echo(&mut stream).await;
    proxy.black_hole();
    stream.write_all(b"x").await.unwrap();
    assert!(timeout(NEVER, stream.read_u8()).await.is_err());
    let mut late = connect(&proxy).await;
    late.write_all(b"y").await.unwrap();
    assert!(timeout(NEVER, late.read_u8()).await.is_err());
    proxy.heal();
    assert_eq!(stream.read_u8().await.unwrap(), b'x');
    assert_eq!(late.read_u8().await.unwrap(), b'y');
}

#[tokio::test]
async fn the_end_of_one_side_does_not_pass_a_black_hole() {
    let (target, mut ended) = listener().await;
    let proxy = Proxy::to(target).await.unwrap();
    let mut stream = connect(&proxy).await;
    echo(&mut stream).await;
    proxy.black_hole();
    drop(stream);
    assert!(timeout(NEVER, ended.recv()).await.is_err());
    proxy.heal();
    ended.recv().await.unwrap();
}

#[tokio::test]
async fn one_way_is_blocked_alone() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    echo(&mut stream).await;
    proxy.set(Faults { up: Flow::BLOCKED, down: Flow::CLEAR });
    stream.write_all(b"x").await.unwrap();
    assert!(timeout(NEVER, stream.read_u8()).await.is_err());
    // Now the echo arrives at the other side, and its answer doesn't.
    proxy.set(Faults { up: Flow::CLEAR, down: Flow::BLOCKED });
    assert!(timeout(NEVER, stream.read_u8()).await.is_err());
    proxy.set(Faults { up: Flow::BLOCKED, down: Flow::CLEAR });
    assert_eq!(stream.read_u8().await.unwrap(), b'x');
}

#[tokio::test]
async fn a_cut_is_a_reset_and_new_connections_are_welcome() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    echo(&mut stream).await;
    proxy.cut();
    assert_eq!(stream.read_u8().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    echo(&mut connect(&proxy).await).await;
}

#[tokio::test]
async fn nobody_behind_it_is_a_reset() {
    let proxy = Proxy::listen().await.unwrap();
    let mut stream = connect(&proxy).await;
    assert_eq!(stream.read_u8().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn latency_bandwidth_and_loss_cost_the_time_they_say() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    let latency = Duration::from_millis(60);
    proxy.set(Faults::both(Flow { latency, ..Flow::CLEAR }));
    assert!(took(&mut stream, 1).await >= 2 * latency);
    let jitter = Duration::from_millis(1);
    proxy.set(Faults::both(Flow { jitter, loss_per_mille: 1000, ..Flow::CLEAR }));
    assert!(took(&mut stream, 1).await >= 2 * Flow::STALL);
    let narrow = Flow { bytes_per_s: Some(100_000), ..Flow::CLEAR };
    proxy.set(Faults { up: narrow, down: Flow::CLEAR });
    assert!(took(&mut stream, 20_000).await >= Duration::from_millis(200));
}

async fn took(stream: &mut TcpStream, bytes: usize) -> Duration {
    let began = Instant::now();
    let mut heard = vec![0; bytes];
    let (mut read, mut write) = stream.split();
    let (_, sent) =
        tokio::join!(read.read_exact(&mut heard), async { write.write_all(&vec![7; bytes]).await });
    sent.unwrap();
    began.elapsed()
}

async fn echo(stream: &mut TcpStream) {
    stream.write_all(b"e").await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'e');
}

async fn connect(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap()
}

async fn proxy() -> Proxy {
    let (target, _) = listener().await;
    Proxy::to(target).await.unwrap()
}

/// Repeats whatever it hears, and says when a connection has ended.
async fn listener() -> (SocketAddr, tokio::sync::mpsc::UnboundedReceiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, ended) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let sender = sender.clone();
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
                let _ = sender.send(());
            });
        }
    });
    (address, ended)
}
