//! Frames that are longer than a message.

use bodybroker_runtime::bus::Fault;
use bodybroker_runtime::connection::Options;
use bodybroker_runtime::prelude::*;
use bodybroker_runtime::subject::Filter;
use bodybroker_runtime::testing::NatsServer;

use super::fixture::*;

/// A frame of this many bytes, which don't shrink when they are compressed.
fn frame(value: u64, bytes: usize) -> Number {
    let mut padding = vec![0; bytes];
    rand::fill(&mut padding[..]);
    Number { value, padding }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_of_any_length_travel_in_both_directions() {
    let nats = NatsServer::start().await.unwrap();
    let connect = |name| Connection::connect(Options::new(nats.url(), name));
    let (host, client) = (connect("host").await.unwrap(), connect("caller").await.unwrap());
    let server = host.serve(Streams::default()).await.unwrap();
    // These shrink so much that they are sent as they are.
    let ask = Ask { frames: 5, ending: WELL, padding: 3_000_000 };
    let stream = client.server_stream::<Ask, Number>(&SPEC.methods[0], ask).credit(1);
    let frames = stream.await.unwrap().collect().await.unwrap();
    assert_counted(&frames, 5);
    assert!(frames.iter().all(|frame| frame.padding == vec![7; 3_000_000]));
    let sizes = [10, 20_000, 100_000, 1_100_000, 5_000_000, 17, 1_048_576];
    let numbers: Vec<_> = sizes.into_iter().zip(1..).map(|(size, n)| frame(n, size)).collect();
    let sum = client.client_stream::<Number, Number>(&SPEC.methods[1], numbers).await.unwrap();
    assert_eq!(sum.value, 28);
    until(|| client.mux().streams() == 0 && server.in_flight() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn long_frames_survive_a_bad_network() {
    for seed in 0..20 {
        let pair = Pair::new(seed).await;
        let inboxes = Filter::literal("_INBOX.>");
        pair.bus.inject(Fault::drop(inboxes.clone()).per_mille(20));
        pair.bus.inject(Fault::duplicate(inboxes.clone()).per_mille(100));
        pair.bus.inject(Fault::reorder(inboxes).per_mille(100));
        let ask = Ask { frames: 8, ending: WELL, padding: 300_000 };
        let stream = pair.client.server_stream::<Ask, Number>(&SPEC.methods[0], ask);
        let Ok(mut stream) = stream.await else { continue };
        let mut count = 0;
        while let Some(frame) = stream.next().await {
            match frame {
                Ok(frame) => {
                    count += 1;
                    assert_eq!((frame.value, frame.padding.len()), (count, 300_000), "seed {seed}");
                }
                Err(failure) => {
                    let code = failure.code();
                    assert!([Code::DataLoss, Code::Unavailable].contains(&code), "{failure}");
                    count = 8;
                }
            }
        }
        assert_eq!(count, 8, "seed {seed}");
        drop(stream);
        pair.clean().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_is_too_long_is_refused_by_who_sends_and_by_who_takes_it() {
    let pair = Pair::new(1).await;
    pair.host.set_message_bytes_max(100_000);
    let long = vec![frame(1, 10), frame(2, 200_000)];
    let sum = pair.client.client_stream::<Number, Number>(&SPEC.methods[1], long.clone());
    let status = sum.await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert!(status.message().contains("at most 100000 are taken"), "{status}");
    pair.host.set_message_bytes_max(1_000_000);
    pair.client.set_message_bytes_max(100_000);
    let doubled = pair.client.bidirectional::<Number, Number>(&SPEC.methods[2], long);
    let frames = doubled.await.unwrap().collect().await;
    let status = frames.unwrap_err();
    assert!(status.message().contains("this process sends at most 100000"), "{status}");
    pair.clean().await;
}
