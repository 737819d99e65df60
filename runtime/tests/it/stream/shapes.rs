//! What holds for streams of every shape while nothing goes wrong on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use bodybroker_runtime::prelude::*;
use bodybroker_runtime::status::Executed;
use bodybroker_runtime::subject::Filter;
use bodybroker_runtime::transport::{Message, Sink, Transport as _};

use super::fixture::*;

#[tokio::test]
async fn a_stream_arrives_whole_and_leaves_nothing_behind() {
    let pair = Pair::new(1).await;
    for frames in [0, 1, 2, 63, 64, 65, 1000] {
        let stream = count(&pair.client, frames, WELL).await.unwrap();
        assert_counted(&stream.collect().await.unwrap(), frames);
    }
    pair.clean().await;
}

/// Counts what travels between inboxes.
#[derive(Default)]
struct Counted(AtomicUsize);

impl Sink for Counted {
    fn deliver(&self, _message: Message) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[tokio::test]
async fn a_thousand_frames_at_hand_travel_in_a_few_messages() {
    let pair = Pair::new(1).await;
    let (tap, counted) = (pair.bus.connect(), Arc::new(Counted::default()));
    let inboxes = Filter::literal("_INBOX.>");
    tap.subscribe(&inboxes, None, Arc::clone(&counted) as _).unwrap();
    let stream = count(&pair.client, 1000, WELL).credit(1024).await.unwrap();
    assert_counted(&stream.collect().await.unwrap(), 1000);
    pair.clean().await;
    tap.flush().await.unwrap();
    // What is at hand with the first frame, the others with the end, and what the reader says to them: it grants once or
    // not at all.
    let messages = counted.0.load(SeqCst);
    assert!((2..=5).contains(&messages), "{messages} messages");
}

#[tokio::test]
async fn an_end_comes_once() {
    let pair = Pair::new(1).await;
    let mut stream = count(&pair.client, 2, WELL).await.unwrap();
    assert!(stream.next().await.unwrap().is_ok());
    assert!(stream.next().await.unwrap().is_ok());
    assert!(stream.next().await.is_none());
    assert!(stream.next().await.is_none());
    let mut stream = count(&pair.client, 1, FAILED).await.unwrap();
    assert!(stream.next().await.unwrap().is_ok());
    let failure = stream.next().await.unwrap().unwrap_err();
    assert_eq!((failure.code(), failure.message()), (Code::Aborted, "enough"));
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn frames_at_hand_arrive_before_the_failure_behind_them() {
    let pair = Pair::new(1).await;
    let mut stream = count(&pair.client, 5, FAILED).await.unwrap();
    for made in 1..=5 {
        assert_eq!(stream.next().await.unwrap().unwrap().value, made);
    }
    assert_eq!(stream.next().await.unwrap().unwrap_err().code(), Code::Aborted);
    assert!(stream.next().await.is_none());
    drop(stream);
    pair.clean().await;
}

#[tokio::test]
async fn a_failure_before_the_first_frame_is_a_plain_one() {
    let pair = Pair::new(1).await;
    let refusal = count(&pair.client, 5, REFUSED).await.unwrap_err();
    assert_eq!((refusal.code(), refusal.message()), (Code::PermissionDenied, "not you"));
    let failure = count(&pair.client, 0, FAILED).await.unwrap_err();
    assert_eq!(failure.code(), Code::Aborted);
    pair.clean().await;
}

#[tokio::test]
async fn a_panic_is_contained() {
    let pair = Pair::new(1).await;
    let failure = count(&pair.client, 5, PANIC).await.unwrap_err();
    assert_eq!(failure.code(), Code::Internal);
    let mut stream = count(&pair.client, 5, PANIC_LATE).await.unwrap();
    for made in 1..=5 {
        assert_eq!(stream.next().await.unwrap().unwrap().value, made);
    }
    assert_eq!(stream.next().await.unwrap().unwrap_err().code(), Code::Internal);
    drop(stream);
    let stream = count(&pair.client, 5, WELL).await.unwrap();
    assert_counted(&stream.collect().await.unwrap(), 5);
    pair.clean().await;
}

#[tokio::test]
async fn nobody_there_is_told_at_once() {
    let pair = Pair::new(1).await;
    let ask = Ask { frames: 1, ending: WELL, padding: 0 };
    let call = pair.client.server_stream::<Ask, Number>(&SPEC.methods[3], ask);
    // Subjects of that method are served nowhere but by this instance.
    pair.server.drain().await;
    let failure = call.await.unwrap_err();
    assert_eq!((failure.code(), failure.executed()), (Code::Unavailable, Executed::No));
}

#[tokio::test]
async fn a_producer_never_exceeds_its_grant() {
    let pair = Pair::new(1).await;
    let mut stream = count(&pair.client, 1000, WELL).credit(8).await.unwrap();
    for consumed in 1..=1000 {
        // Whatever the producer was granted, it has used it up before the next frame is taken.
        assert_eq!(stream.next().await.unwrap().unwrap().value, consumed);
        let produced = pair.service.produced();
        assert!(
            produced <= consumed + 8,
            "{produced} frames produced when {consumed} were consumed"
        );
    }
    assert!(stream.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_reader_of_one_frame_a_second_holds_its_producer() {
    let pair = Pair::new(1).await;
    let mut stream = count(&pair.client, 500, WELL).credit(16).await.unwrap();
    for consumed in 1..=500 {
        assert_eq!(stream.next().await.unwrap().unwrap().value, consumed);
        assert!(pair.service.produced() <= consumed + 16);
        // The clock is paused: this is when the second passes.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(stream.next().await.is_none());
    drop(stream);
    pair.clean().await;
}

#[tokio::test(start_paused = true)]
async fn a_producer_of_large_frames_is_held_by_their_bytes() {
    let pair = Pair::new(1).await;
    let ask = Ask { frames: 100, ending: WELL, padding: 100_000 };
    let mut stream = pair.client.server_stream::<Ask, Number>(&SPEC.methods[0], ask).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(pair.service.produced(), 3, "256 KiB and the frame that reaches them");
    let mut frames = 0;
    while let Some(frame) = stream.message().await.unwrap() {
        frames += 1;
        assert_eq!((frame.value, frame.padding.len()), (frames, 100_000));
        assert!(pair.service.produced() <= frames + 4);
    }
    assert_eq!(frames, 100);
}

#[tokio::test]
async fn a_dropped_reader_stops_its_producer() {
    let pair = Pair::new(1).await;
    let mut stream = count(&pair.client, 10, NEVER).await.unwrap();
    for _ in 0..10 {
        stream.next().await.unwrap().unwrap();
    }
    drop(stream);
    pair.service.dropped().await;
    pair.clean().await;
}

#[tokio::test]
async fn a_call_dropped_while_it_opens_stops_its_handler() {
    let pair = Pair::new(1).await;
    drop(tokio::time::timeout(Duration::ZERO, count(&pair.client, 10, NEVER).into_future()).await);
    pair.clean().await;
}

#[tokio::test]
async fn requests_stream_and_are_answered_once() {
    let pair = Pair::new(1).await;
    for count in [0, 1, 64, 1000] {
        let numbers: Vec<Number> = (1..=count).map(number).collect();
        let sum = pair.client.client_stream::<Number, Number>(&SPEC.methods[1], numbers);
        assert_eq!(sum.await.unwrap().value, count * (count + 1) / 2);
    }
    pair.clean().await;
}

#[tokio::test]
async fn an_early_failure_stops_the_requests() {
    let pair = Pair::new(1).await;
    let numbers = Outbound::iter([1, 2, BEAST].into_iter().chain(4..).map(number));
    let sum = pair.client.client_stream::<Number, Number>(&SPEC.methods[1], numbers);
    let failure = sum.await.unwrap_err();
    assert_eq!((failure.code(), failure.message()), (Code::InvalidArgument, "no beasts"));
    pair.clean().await;
}

#[tokio::test]
async fn requests_that_fail_fail_the_call() {
    let pair = Pair::new(1).await;
    let numbers = Outbound::spawn(|tx| async move {
        tx.send(number(1)).await?;
        Err(Status::data_loss("the disk is gone"))
    });
    let sum = pair.client.client_stream::<Number, Number>(&SPEC.methods[1], numbers);
    assert_eq!(sum.await.unwrap_err().code(), Code::DataLoss);
    pair.clean().await;
}

#[tokio::test]
async fn both_sides_stream_at_once() {
    let pair = Pair::new(1).await;
    let numbers: Vec<Number> = (1..=1000).map(number).collect();
    let doubled = pair.client.bidirectional::<Number, Number>(&SPEC.methods[2], numbers);
    let doubled = doubled.await.unwrap().collect().await.unwrap();
    let values: Vec<u64> = doubled.iter().map(|frame| frame.value).collect();
    assert_eq!(values, (1..=1000).map(|n| 2 * n).collect::<Vec<_>>());
    pair.clean().await;
}

#[tokio::test]
async fn a_conversation_takes_turns() {
    let pair = Pair::new(1).await;
    let (say, mut said) = tokio::sync::mpsc::channel(1);
    let numbers = Outbound::spawn(|tx| async move {
        while let Some(next) = said.recv().await {
            tx.send(number(next)).await?;
        }
        Ok(())
    });
    let mut answers =
        pair.client.bidirectional::<Number, Number>(&SPEC.methods[2], numbers).await.unwrap();
    for n in 1..100 {
        say.send(n).await.unwrap();
        assert_eq!(answers.next().await.unwrap().unwrap().value, 2 * n);
    }
    drop(say);
    assert!(answers.next().await.is_none());
    drop(answers);
    pair.clean().await;
}

#[tokio::test]
async fn a_dropped_conversation_stops_both_sides() {
    let pair = Pair::new(1).await;
    let numbers = Outbound::iter((1..).map(number));
    let mut answers =
        pair.client.bidirectional::<Number, Number>(&SPEC.methods[2], numbers).await.unwrap();
    answers.next().await.unwrap().unwrap();
    drop(answers);
    pair.service.dropped().await;
    pair.clean().await;
}

#[tokio::test]
async fn sixty_four_streams_share_a_connection() {
    let pair = Pair::new(1).await;
    let streams = (0..64).map(|n| {
        let client = pair.client.clone();
        tokio::spawn(async move {
            let frames = 500 + n;
            assert_counted(
                &count(&client, frames, WELL).await.unwrap().collect().await.unwrap(),
                frames,
            );
        })
    });
    for stream in streams.collect::<Vec<_>>() {
        stream.await.unwrap();
    }
    pair.clean().await;
}

#[tokio::test(start_paused = true)]
async fn a_draining_server_waits_for_its_streams_and_then_ends_them() {
    let pair = Pair::new(1).await;
    let mut stream = count(&pair.client, 3, NEVER).await.unwrap();
    for _ in 0..3 {
        stream.next().await.unwrap().unwrap();
    }
    let whole = count(&pair.client, 100, WELL).await.unwrap();
    let server = pair.server.clone();
    let drained = tokio::spawn(async move { server.drain_within(Duration::from_secs(20)).await });
    assert_counted(&whole.collect().await.unwrap(), 100);
    let end = stream.next().await.unwrap().unwrap_err();
    assert_eq!(end.code(), Code::Unavailable);
    drained.await.unwrap();
    drop(stream);
    pair.clean().await;
}
