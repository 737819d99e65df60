//! Packets against bytes that nobody meant, and each state machine against a peer that misbehaves.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::packet::{Control, Frames, Kind, Malformed, Pack, Packet, Span, parse};
use super::producer::Producer;
use super::reader::Reader;
use super::{BEAT_TICKS, CREDIT_MAX, GONE_TICKS, ORPHAN_TICKS, WINDOW_BYTES};
use crate::status::{Code, Result, Status};

mod network;

#[derive(Clone, PartialEq, prost::Message)]
struct Number {
    #[prost(uint64, tag = "1")]
    value: u64,
}

fn packed(first: u64, count: u64) -> (Span, Bytes) {
    let mut pack = Pack::new(0);
    pack.begin(first);
    for value in first..first + count {
        let number = Number { value };
        pack.push(&number, prost::Message::encoded_len(&number));
    }
    (pack.span(), pack.take())
}

/// A message of one frame, which has so many bytes.
fn long(first: u64, bytes: usize) -> (Span, Bytes) {
    let mut pack = Pack::new(0);
    pack.begin(first);
    pack.push_part(Kind::Whole, &vec![0; bytes]);
    (pack.span(), pack.take())
}

fn reader(credit: u64) -> Reader {
    Reader::new(credit, Duration::from_secs(10))
}

fn taken(reader: &mut Reader) -> Vec<u64> {
    let mut frames = VecDeque::new();
    if reader.is_behind() {
        reader.take(&mut frames);
    }
    let mut values = Vec::new();
    for mut message in frames {
        while let Some((_, frame)) = message.next() {
            values.push(<Number as prost::Message>::decode(frame).unwrap().value);
        }
    }
    values
}

#[test]
fn a_message_is_kept_in_no_more_memory_than_it_has_bytes() {
    for count in [0, 1, 1_000] {
        let (_, payload) = packed(1, count);
        let bytes = payload.len();
        assert_eq!(Vec::from(payload).capacity(), bytes);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok(Packet::Frames(span)) = parse(&bytes) {
            let mut frames = Frames::new(bytes.into(), 0, span.count);
            let mut count = 0;
            while frames.next().is_some() {
                count += 1;
            }
            prop_assert_eq!(count, span.count);
        }
    }

    #[test]
    fn a_cut_message_is_malformed_or_shorter(count in 1_u64..30, cut in 1_usize..60) {
        let (whole, payload) = packed(7, count);
        let cut = cut.min(payload.len());
        match parse(&payload[..payload.len() - cut]) {
            Ok(Packet::Frames(span)) => prop_assert!(span.count < whole.count),
            Ok(Packet::Control(_)) => prop_assert!(false, "it is no control message"),
            Err(Malformed(_)) => {}
        }
    }

    #[test]
    fn control_survives_the_wire(
        frames: u64, bytes: u64, received: u64, resume in proptest::option::of(1_u64..), cancel: bool,
    ) {
        let control = Control { frames, bytes, received, resume_from: resume, cancel };
        prop_assert_eq!(parse(&control.encode()), Ok(Packet::Control(control)));
    }
}

#[test]
fn frames_are_what_protobuf_says_they_are() {
    #[derive(Clone, PartialEq, prost::Message)]
    struct StreamFrames {
        #[prost(uint64, tag = "1")]
        first: u64,
        #[prost(bytes = "vec", repeated, tag = "2")]
        frames: Vec<Vec<u8>>,
    }
    let (span, payload) = packed(300, 3);
    let read = <StreamFrames as prost::Message>::decode(payload).unwrap();
    assert_eq!((read.first, read.frames.len() as u64), (span.first, span.count));
    assert_eq!(read.frames[0], prost::Message::encode_to_vec(&Number { value: 300 }));
}

#[test]
fn a_stream_that_ends_within_its_credit_is_granted_no_more() {
    let mut reader = reader(100);
    for first in [1, 31] {
        let (span, payload) = packed(first, 30);
        reader.frames(span, payload);
        assert_eq!(reader.consumed(30, span.bytes), None);
    }
    let (span, payload) = packed(61, 20);
    reader.frames(span, payload);
    let granted = reader.consumed(20, span.bytes).expect("little credit is left");
    assert_eq!(granted.frames, 180);
}

#[test]
fn a_gap_is_asked_for_once_and_with_each_heartbeat_and_then_reported() {
    let mut reader = reader(10);
    let (span, payload) = packed(3, 2);
    let asked = reader.frames(span, payload.clone()).control.unwrap();
    assert_eq!((asked.resume_from, asked.received), (Some(1), 0));
    assert_eq!(reader.frames(span, payload).control, None);
    let mut asked_again = 0;
    let failure = loop {
        if let Some(control) = reader.tick().control
            && !control.cancel
        {
            assert_eq!(control.resume_from, Some(1));
            asked_again += 1;
        }
        if let Some(Err(failure)) = reader.ended() {
            break failure.clone();
        }
    };
    assert_eq!((failure.code(), asked_again), (Code::DataLoss, 3));
    assert!(!reader.is_behind());
}

#[test]
fn a_heartbeat_shows_what_was_lost_before_it() {
    let mut reader = reader(10);
    let (span, payload) = packed(1, 2);
    reader.frames(span, payload);
    let beat = super::packet::heartbeat(5);
    let Ok(Packet::Frames(span)) = parse(&beat) else { panic!("a heartbeat has no frames") };
    assert_eq!(reader.frames(span, beat).control.unwrap().resume_from, Some(3));
}

#[test]
fn the_end_comes_once_and_is_acknowledged_each_time() {
    let mut reader = reader(10);
    let (span, payload) = packed(1, 2);
    reader.frames(span, payload);
    let effects = reader.end(2, Err(Status::aborted("first")));
    assert!(effects.wake);
    assert_eq!(effects.control.unwrap().received, 2);
    let again = reader.end(2, Ok(()));
    assert!(!again.wake);
    assert_eq!(again.control.unwrap().received, 2);
    assert_eq!(reader.ended().unwrap().as_ref().unwrap_err().code(), Code::Aborted);
    assert_eq!(taken(&mut reader), [1, 2]);
}

#[test]
fn an_end_that_counts_too_little_is_data_loss() {
    let mut reader = reader(10);
    let (span, payload) = packed(1, 5);
    reader.frames(span, payload);
    assert!(reader.end(3, Ok(())).control.unwrap().cancel);
    let ended: &Result<()> = reader.ended().unwrap();
    assert_eq!(ended.as_ref().unwrap_err().code(), Code::DataLoss);
}

#[test]
fn a_producer_that_ignores_its_grant_is_given_up() {
    let mut reader = reader(4);
    let (span, payload) = packed(1, 4);
    assert_eq!(reader.frames(span, payload.clone()).control, None);
    assert_eq!(reader.frames(span, payload).control, None, "what comes twice is as good as once");
    let (span, payload) = packed(5, 1);
    assert!(reader.frames(span, payload).control.unwrap().cancel);
    let ended: &Result<()> = reader.ended().unwrap();
    assert_eq!(ended.as_ref().unwrap_err().code(), Code::Internal);
    assert_eq!(taken(&mut reader), [1, 2, 3, 4]);
}

#[test]
fn a_producer_is_taken_at_the_last_grant() {
    let mut reader = reader(4);
    let (span, payload) = packed(1, 4);
    reader.frames(span, payload);
    assert_eq!(reader.consumed(1, 2), None, "nobody was told of the frame that was consumed");
    assert_eq!(reader.control().frames, 5);
    let (span, payload) = packed(5, 1);
    assert_eq!(reader.frames(span, payload).control, None);
    let (span, payload) = packed(6, 1);
    assert!(reader.frames(span, payload).control.unwrap().cancel);
}

#[test]
fn a_producer_may_begin_with_its_own_schemas_credit() {
    let mut reader = reader(4).untold();
    let (span, payload) = packed(1, CREDIT_MAX);
    assert_eq!(reader.frames(span, payload).control, None);
    let (span, payload) = packed(CREDIT_MAX + 1, 1);
    assert!(reader.frames(span, payload).control.unwrap().cancel);
}

/// Takes messages that are granted in frames until the reader gives up, and counts their bytes.
fn taken_bytes(message: impl Fn(u64) -> Bytes) -> u64 {
    let mut reader = reader(CREDIT_MAX);
    let mut bytes = 0;
    for first in 1..=500 {
        let payload = message(first);
        let Ok(Packet::Frames(span)) = parse(&payload) else { panic!("it is well formed") };
        let length = payload.len() as u64;
        reader.frames(span, payload);
        if let Some(ended) = reader.ended() {
            assert_eq!(ended.as_ref().unwrap_err().code(), Code::Internal);
            return bytes;
        }
        bytes += length;
    }
    panic!("{bytes} bytes wait");
}

#[test]
fn bytes_that_wait_are_bounded_whatever_they_are() {
    const LENGTH: usize = 64 * 1024;
    let bounded = 8 * WINDOW_BYTES..8 * WINDOW_BYTES + 2 * LENGTH as u64;
    let frames = taken_bytes(|first| long(first, LENGTH).1);
    assert!(bounded.contains(&frames), "{frames}");
    // A frame without a byte, and a field that nobody knows.
    let around = taken_bytes(|first| {
        let mut payload = long(first, 0).1.to_vec();
        prost::encoding::bytes::encode(15, &vec![0_u8; LENGTH], &mut payload);
        payload.into()
    });
    assert!(bounded.contains(&around), "{around}");
}

#[test]
fn a_frame_of_any_length_is_taken_at_the_end_of_a_window() {
    let mut reader = reader(100);
    for (first, bytes) in [(1, 250_000), (2, 8_000_000)] {
        let (span, payload) = long(first, bytes);
        assert_eq!(reader.frames(span, payload).control, None);
    }
}

#[test]
fn an_orphaned_producer_stops_after_three_heartbeats() {
    let mut producer = Producer::new(10, WINDOW_BYTES);
    let (span, payload) = packed(1, 1);
    producer.sent(span, payload);
    let mut beats = 0;
    for _ in 0..=ORPHAN_TICKS {
        beats += u32::from(producer.tick().beat);
    }
    assert_eq!(beats, ORPHAN_TICKS / BEAT_TICKS);
    assert_eq!(producer.stopped().unwrap().code(), Code::Cancelled);
}

#[test]
fn an_inbox_without_subscriber_ends_a_stream_unless_it_comes_back() {
    let mut reader = reader(10);
    reader.no_producer();
    for _ in 0..GONE_TICKS {
        assert!(reader.tick().probe);
    }
    let (span, payload) = packed(1, 1);
    reader.frames(span, payload);
    reader.no_producer();
    assert!(reader.ended().is_none(), "it was there meanwhile");
    for _ in 0..GONE_TICKS {
        reader.tick();
    }
    reader.no_producer();
    let ended: &Result<()> = reader.ended().unwrap();
    assert_eq!(ended.as_ref().unwrap_err().code(), Code::Unavailable);
}

#[test]
fn claims_about_frames_that_were_never_sent_are_refused() {
    let mut producer = Producer::new(10, WINDOW_BYTES);
    let (span, payload) = packed(1, 3);
    producer.sent(span, payload);
    assert!(producer.control(&Control { received: 4, ..Control::default() }).is_err());
    let ahead = Control { resume_from: Some(5), ..Control::default() };
    assert!(producer.control(&ahead).is_err());
    assert!(producer.control(&Control { received: 3, ..Control::default() }).is_ok());
    assert_eq!(producer.room().unwrap().frames, 7, "a grant never falls");
}

/// Has everything granted to it that can be said, and sends while it may.
fn send_all(producer: &mut Producer, message: impl Fn(&Producer) -> (Span, Bytes)) -> u64 {
    let before = producer.count();
    let all = Control { frames: u64::MAX, bytes: u64::MAX, ..Control::default() };
    producer.control(&all).unwrap();
    for _ in 0..2_000 {
        if producer.room().is_none() {
            return producer.count() - before;
        }
        let (span, payload) = message(producer);
        producer.sent(span, payload);
        producer.control(&all).unwrap();
    }
    panic!("it goes on for ever");
}

#[test]
fn a_producer_keeps_a_window_whatever_it_is_granted() {
    let mut producer = Producer::new(10, WINDOW_BYTES);
    let eleven_fit = |producer: &Producer| long(producer.next(), 24_000);
    assert_eq!(send_all(&mut producer, eleven_fit), 11, "256 KiB and the frame that reaches them");
    producer.control(&Control { received: 4, ..Control::default() }).unwrap();
    assert_eq!(send_all(&mut producer, eleven_fit), 4);
    producer.retract(13);
    assert_eq!(producer.room().unwrap().bytes, WINDOW_BYTES - 9 * 24_000, "two are forgotten");
}

#[test]
fn a_producer_is_so_many_frames_ahead_whatever_it_is_granted() {
    let mut producer = Producer::new(u64::MAX, WINDOW_BYTES);
    let none_long = |producer: &Producer| packed(producer.next(), 64);
    assert_eq!(send_all(&mut producer, none_long), CREDIT_MAX);
    producer.control(&Control { received: 640, ..Control::default() }).unwrap();
    assert_eq!(send_all(&mut producer, none_long), 640);
}

#[test]
fn frames_are_sent_again_once_in_a_tick() {
    let mut producer = Producer::new(10, WINDOW_BYTES);
    for first in [1, 4, 7] {
        let (span, payload) = packed(first, 3);
        producer.sent(span, payload);
    }
    let mut ask = |received| {
        let missing = Control { received, resume_from: Some(received + 1), ..Control::default() };
        producer.control(&missing).unwrap().frames.len()
    };
    assert_eq!([ask(0), ask(0), ask(0)], [3, 0, 0]);
    assert_eq!([ask(3), ask(6), ask(3)], [0, 0, 0], "they wait for the tick");
    assert_eq!(producer.tick().frames, [packed(7, 3).1], "what has arrived isn't sent again");
    assert_eq!(producer.tick().frames, Vec::<Bytes>::new());
    let missing = Control { received: 6, resume_from: Some(7), ..Control::default() };
    assert_eq!(producer.control(&missing).unwrap().frames.len(), 1, "and in each tick");
}
