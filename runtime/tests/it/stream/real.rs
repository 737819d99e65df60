//! Streams over a real server.

use std::future::IntoFuture as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bodybroker_runtime::connection::Strand;
use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::prelude::*;
use bodybroker_runtime::subject::Subject;
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::transport::{Flush, Outgoing};
use futures::future::join_all;

use super::fixture::*;
use crate::fixture::{connect, connect_by};
use crate::handover::{moved, pair};

struct Real {
    _nats: NatsServer,
    client: Connection,
    host: Connection,
    server: Server,
    service: Streams,
}

async fn real() -> Real {
    real_by(1).await
}

/// The same, with so many pairs of connections of each process.
async fn real_by(pairs: usize) -> Real {
    let nats = NatsServer::start().await.unwrap();
    let client = connect_by(pairs, &nats.url(), "caller").await;
    let host = connect_by(pairs, &nats.url(), "host").await;
    let service = Streams::default();
    let server = host.serve(service.clone()).await.unwrap();
    Real { _nats: nats, client, host, server, service }
}

async fn clean(real: &Real) {
    let open = |strand: &Strand| strand.mux().streams();
    let all = || real.client.strands().iter().chain(real.host.strands());
    until(|| all().map(open).sum::<usize>() == 0).await;
    assert_eq!(real.server.in_flight(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_of_every_shape_cross_a_real_server() {
    streams_of_every_shape(real().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_of_every_shape_cross_several_connections() {
    let real = real_by(3).await;
    let made = || real.client.strands().iter().all(|strand| strand.mux().streams() > 0);
    let streams = join_all((0..9).map(|_| count(&real.client, 1, NEVER).into_future())).await;
    assert!(made() && streams.iter().all(Result::is_ok), "they are spread over all");
    drop(streams);
    streams_of_every_shape(real).await;
}

async fn streams_of_every_shape(real: Real) {
    let streams = (0..64).map(|n| {
        let client = real.client.clone();
        tokio::spawn(async move {
            let frames = 900 + n;
            let stream = count(&client, frames, WELL).await.unwrap();
            assert_counted(&stream.collect().await.unwrap(), frames);
            let numbers: Vec<Number> = (1..=frames).map(number).collect();
            let sum = client.client_stream::<Number, Number>(&SPEC.methods[1], numbers.clone());
            assert_eq!(sum.await.unwrap().value, frames * (frames + 1) / 2);
            let doubled = client.bidirectional::<Number, Number>(&SPEC.methods[2], numbers);
            assert_eq!(doubled.await.unwrap().collect().await.unwrap().len() as u64, frames);
        })
    });
    for stream in streams.collect::<Vec<_>>() {
        stream.await.unwrap();
    }
    clean(&real).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_go_on_while_their_connections_move() {
    let (first, _second) = pair().await;
    let client = connect(&first, "caller").await;
    let host = connect(&first, "host").await;
    let service = Streams::default();
    let server = host.serve(service.clone()).await.unwrap();
    let over = AtomicBool::new(false);
    let streaming = join_all((0..8).map(async |_| {
        while !over.load(Ordering::Relaxed) {
            let stream = count(&client, 3000, WELL).await.unwrap();
            assert_counted(&stream.collect().await.unwrap(), 3000);
        }
    }));
    let moving = async {
        until(|| service.produced() > 0).await;
        first.lame_duck();
        moved(&[&client, &host]).await;
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(streaming, moving);
    until(|| client.mux().streams() == 0 && host.mux().streams() == 0).await;
    assert_eq!(server.in_flight(), 0);
}

#[tokio::test]
async fn a_slow_reader_holds_its_producer_over_a_real_server() {
    let real = real().await;
    let mut stream = count(&real.client, 2000, WELL).credit(16).await.unwrap();
    for consumed in 1..=2000 {
        assert_eq!(stream.next().await.unwrap().unwrap().value, consumed);
        let produced = real.service.produced();
        assert!(produced <= consumed + 16, "{produced} produced, {consumed} consumed");
    }
    assert!(stream.next().await.is_none());
    drop(stream);
    clean(&real).await;
}

#[tokio::test]
async fn a_dropped_reader_stops_its_producer_over_a_real_server() {
    let real = real().await;
    let mut stream = count(&real.client, 1, NEVER).await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    real.service.dropped().await;
    clean(&real).await;
}

#[tokio::test]
async fn a_server_killed_in_mid_stream_is_noticed() {
    let real = real().await;
    let mut stream = count(&real.client, 1, NEVER).await.unwrap();
    stream.next().await.unwrap().unwrap();
    // The server of the broker sees its connections end, as it does when a process is killed.
    real.host.tx().close().await;
    real.host.rx().close().await;
    let ended = tokio::time::timeout(Duration::from_secs(8), stream.next()).await;
    let failure = ended.expect("long before the idle time-out").unwrap().unwrap_err();
    assert_eq!(failure.code(), Code::Unavailable, "{failure}");
}

#[tokio::test]
async fn malformed_messages_change_nothing() {
    let real = real().await;
    let mut stream = count(&real.client, 100, WELL).credit(4).await.unwrap();
    let mut frames = vec![stream.next().await.unwrap().unwrap()];
    let inboxes = ["_INBOX.caller", "_INBOX.host"];
    let ids = [real.client.id(), real.host.id()];
    for (inbox, id) in inboxes.iter().zip(ids) {
        let subject = Subject::parse(&format!("{inbox}.{id}.S0")).unwrap();
        let mut eos = Headers::new();
        eos.insert("Bb-Eos", "many").unwrap();
        let far = [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x12, 0x00];
        let messages: [(&[u8], &Headers); 7] = [
            (b"", &Headers::new()),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", &Headers::new()),
            (b"\x12\xff\x01short", &Headers::new()),
            (b"\x08\x01\x18\x01", &Headers::new()),
            (b"\x12\x01x", &Headers::new()),
            (&far, &Headers::new()),
            (b"", &eos),
        ];
        for (body, headers) in messages {
            real.client
                .tx()
                .publish(&Outgoing {
                    subject: &subject,
                    reply: None,
                    headers,
                    body: &body,
                    expires: None,
                    flush: Flush::Now,
                })
                .unwrap();
        }
    }
    while let Some(frame) = stream.message().await.unwrap() {
        frames.push(frame);
    }
    assert_counted(&frames, 100);
    drop(stream);
    clean(&real).await;
}
