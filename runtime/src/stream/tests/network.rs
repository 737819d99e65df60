//! The two state machines against each other over a network that loses, doubles and reorders.

use std::collections::VecDeque;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::WINDOW_BYTES;
use super::super::packet::{Packet, heartbeat, parse};
use super::super::producer::{Again, Producer};
use super::super::reader::{Effects, Reader};
use super::{packed, reader, taken};

/// What travels.
#[derive(Debug, Clone)]
enum Wire {
    Frames(Bytes),
    End(u64),
    Control(Bytes),
}

/// What a network does to the next message that travels.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    IsLost,
    ArrivesTwice,
    IsOvertaken,
}

/// A stream of `total` frames between two machines, step by step.
struct Run {
    producer: Producer,
    reader: Reader,
    to_reader: VecDeque<Wire>,
    to_producer: VecDeque<Wire>,
    total: u64,
    ended: bool,
    read: Vec<u64>,
}

impl Run {
    fn new(total: u64, credit: u64) -> Self {
        Self {
            producer: Producer::new(credit, WINDOW_BYTES),
            reader: reader(credit),
            to_reader: VecDeque::new(),
            to_producer: VecDeque::new(),
            total,
            ended: false,
            read: Vec::new(),
        }
    }

    fn produce(&mut self, at_most: u64) {
        let left = self.total - self.producer.count();
        if let Some(room) = self.producer.room() {
            let count = left.min(room.frames).min(at_most);
            if count > 0 {
                let (span, payload) = packed(self.producer.next(), count);
                self.producer.sent(span, payload.clone());
                self.to_reader.push_back(Wire::Frames(payload));
            }
        }
        if self.producer.count() == self.total && !self.ended {
            self.ended = true;
            self.producer.end();
            self.to_reader.push_back(Wire::End(self.total));
        }
    }

    fn again(&mut self, again: Again) {
        let Again { frames, end, beat } = again;
        self.to_reader.extend(frames.into_iter().map(Wire::Frames));
        if end {
            self.to_reader.push_back(Wire::End(self.total));
        }
        if beat {
            self.to_reader.push_back(Wire::Frames(heartbeat(self.producer.next())));
        }
    }

    fn effects(&mut self, effects: &Effects) {
        self.to_producer.extend(effects.control.map(|control| Wire::Control(control.encode())));
    }

    fn arrive(&mut self, message: Wire) {
        match message {
            Wire::Frames(payload) => {
                let Ok(Packet::Frames(span)) = parse(&payload) else { panic!("frames are frames") };
                let effects = self.reader.frames(span, payload);
                self.effects(&effects);
            }
            Wire::End(count) => {
                let effects = self.reader.end(count, Ok(()));
                self.effects(&effects);
            }
            Wire::Control(payload) => {
                let Ok(Packet::Control(control)) = parse(&payload) else {
                    panic!("control is control")
                };
                let again = self.producer.control(&control).unwrap();
                self.again(again);
            }
        }
    }

    fn travel(&mut self, fate: Fate, to_reader: bool) {
        let queue = if to_reader { &mut self.to_reader } else { &mut self.to_producer };
        let Some(message) = queue.pop_front() else { return };
        match fate {
            Fate::Arrives => self.arrive(message),
            Fate::IsLost => {}
            Fate::ArrivesTwice => {
                self.arrive(message.clone());
                self.arrive(message);
            }
            Fate::IsOvertaken => queue.push_back(message),
        }
    }

    fn consume(&mut self) {
        let values = taken(&mut self.reader);
        let bytes = values.len() as u64 * 2;
        let control = self.reader.consumed(values.len() as u64, bytes);
        self.read.extend(values);
        self.effects(&Effects { control, ..Effects::default() });
    }

    fn tick(&mut self) {
        let again = self.producer.tick();
        self.again(again);
        let effects = self.reader.tick();
        self.effects(&effects);
    }

    fn check(&self) {
        let exact = (1..=self.read.len() as u64).collect::<Vec<_>>();
        assert_eq!(self.read, exact, "what was read has neither hole nor repetition");
        if let Some(Ok(())) = self.reader.ended()
            && !self.reader.is_behind()
        {
            assert_eq!(self.read.len() as u64, self.total, "an end that is well means everything");
        }
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Arrives),
        1 => Just(Fate::IsLost),
        1 => Just(Fate::ArrivesTwice),
        1 => Just(Fate::IsOvertaken),
    ]
}

proptest! {
    #[test]
    fn a_reader_sees_an_exact_prefix_whatever_the_network_does(
        total in 0_u64..60,
        credit in 1_u64..20,
        steps in vec((fate(), any::<bool>(), 1_u64..8, 0_u8..6), 0..400),
    ) {
        let mut run = Run::new(total, credit);
        for (fate, to_reader, frames, other) in steps {
            match other {
                0 => run.produce(frames),
                1 => run.consume(),
                2 if frames == 1 => run.tick(),
                _ => run.travel(fate, to_reader),
            }
            run.check();
        }
        // From here on the network is good: the stream ends, whole if it hasn't been given up meanwhile.
        for _ in 0..400 {
            run.produce(5);
            run.travel(Fate::Arrives, true);
            run.travel(Fate::Arrives, false);
            run.consume();
            run.tick();
            run.check();
            while !run.to_reader.is_empty() || !run.to_producer.is_empty() {
                run.travel(Fate::Arrives, true);
                run.travel(Fate::Arrives, false);
            }
        }
        run.consume();
        run.check();
        prop_assert!(run.reader.ended().is_some() || run.producer.stopped().is_some());
        prop_assert!(run.producer.is_done() || run.producer.stopped().is_some());
    }

    #[test]
    fn a_perfect_network_needs_no_repetition(total in 0_u64..200, credit in 1_u64..50, pack in 1_u64..50) {
        let mut run = Run::new(total, credit);
        let mut messages = 0;
        while run.reader.ended().is_none() {
            run.produce(pack);
            prop_assert!(!run.to_reader.is_empty(), "the producer isn't held for ever");
            while !run.to_reader.is_empty() {
                messages += 1;
                run.travel(Fate::Arrives, true);
            }
            run.consume();
            while !run.to_producer.is_empty() {
                run.travel(Fate::Arrives, false);
            }
        }
        run.consume();
        run.check();
        prop_assert_eq!(run.read.len() as u64, total);
        prop_assert!(messages <= total + 1);
        prop_assert!(run.producer.is_done());
    }
}
