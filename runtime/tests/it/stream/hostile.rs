//! Peers that grant, ask for and send what no true one does: what they cost is bounded.

use std::sync::Arc;
use std::time::Duration;

use bodybroker_runtime::bus::BusTransport;
use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::subject::{Filter, Subject};
use bodybroker_runtime::transport::{Flush, Message, Outgoing, Sink, Transport as _};
use prost::Message as _;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::fixture::*;

const FRAME_BYTES: u64 = 10_000;

/// `StreamFrames`.
#[derive(Clone, PartialEq, prost::Message)]
struct Frames {
    #[prost(uint64, tag = "1")]
    first: u64,
    #[prost(bytes = "vec", repeated, tag = "2")]
    frames: Vec<Vec<u8>>,
}

/// The same, with a field that nobody knows.
#[derive(Clone, PartialEq, prost::Message)]
struct Padded {
    #[prost(uint64, tag = "1")]
    first: u64,
    #[prost(bytes = "vec", repeated, tag = "2")]
    frames: Vec<Vec<u8>>,
    #[prost(bytes = "vec", tag = "15")]
    padding: Vec<u8>,
}

/// `StreamControl`.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Control {
    #[prost(uint64, tag = "3")]
    granted_frames: u64,
    #[prost(uint64, tag = "4")]
    granted_bytes: u64,
    #[prost(uint64, tag = "5")]
    received: u64,
    #[prost(uint64, tag = "6")]
    resume_from: u64,
    #[prost(bool, tag = "7")]
    cancel: bool,
}

/// Grants all there is.
const ALL: Control = Control {
    granted_frames: 1 << 62,
    granted_bytes: 1 << 62,
    received: 0,
    resume_from: 0,
    cancel: false,
};

struct Inbox(UnboundedSender<Message>);

impl Sink for Inbox {
    fn deliver(&self, message: Message) {
        let _ = self.0.send(message);
    }
}

/// A caller that writes the messages of a stream itself.
struct Caller {
    bus: Arc<BusTransport>,
    inbox: UnboundedReceiver<Message>,
    /// The server's inbox.
    peer: Option<Subject>,
}

impl Caller {
    /// Opens a stream.
    fn call(pair: &Pair, subject: &str, request: &[u8]) -> Self {
        let bus = pair.bus.connect();
        let (delivered, inbox) = unbounded_channel();
        let filter = Filter::literal("_INBOX.harm.1.S0");
        bus.subscribe(&filter, None, Arc::new(Inbox(delivered))).unwrap();
        let mut caller = Self { bus, inbox, peer: None };
        caller.peer = Some(Subject::parse(subject).unwrap());
        caller.say(request);
        caller.peer = None;
        caller
    }

    fn say(&self, body: &[u8]) {
        let outgoing = Outgoing {
            subject: self.peer.as_ref().expect("the server has spoken"),
            reply: Some(&Subject::literal("_INBOX.harm.1.S0")),
            headers: &Headers::new(),
            body: &body,
            expires: None,
            flush: Flush::Now,
        };
        self.bus.publish(&outgoing).unwrap();
    }

    fn tell(&self, control: Control) {
        self.say(&control.encode_to_vec());
    }

    /// The next message.
    async fn hear(&mut self) -> Message {
        let message = tokio::time::timeout(Duration::from_secs(30), self.inbox.recv());
        let message = message.await.expect("the server speaks").unwrap();
        if self.peer.is_none() {
            let reply = std::str::from_utf8(message.reply.as_ref().unwrap()).unwrap();
            self.peer = Some(Subject::parse(reply).unwrap());
        }
        message
    }

    /// The next control message that says what is waited for.
    async fn control(&mut self, awaited: impl Fn(&Control) -> bool) -> Control {
        loop {
            // Of a message with frames, nothing is read.
            let control = Control::decode(self.hear().await.payload).unwrap();
            if awaited(&control) {
                return control;
            }
        }
    }

    /// The next message that has frames.
    async fn frames(&mut self) -> Frames {
        loop {
            let frames = Frames::decode(self.hear().await.payload).unwrap();
            if !frames.frames.is_empty() {
                return frames;
            }
        }
    }
}

fn count(pair: &Pair, frames: u64) -> Caller {
    let ask = Ask { frames, ending: NEVER, padding: FRAME_BYTES };
    Caller::call(pair, "svc.stream.v1.count", &ask.encode_to_vec())
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_grants_everything_and_acknowledges_nothing_is_sent_a_window() {
    let pair = Pair::new(1).await;
    let mut caller = count(&pair, 2_000);
    caller.frames().await;
    let window = 256 * 1024 / FRAME_BYTES + 1;
    for _ in 0..20 {
        caller.tell(ALL);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(pair.service.produced(), window);
    }
    // One that says what it has received is held by nothing.
    while pair.service.produced() < 2_000 {
        let frames = caller.frames().await;
        let received = frames.first + frames.frames.len() as u64 - 1;
        caller.tell(Control { received, ..ALL });
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_asks_again_and_again_is_sent_a_window_in_a_tick() {
    let pair = Pair::new(1).await;
    let mut caller = count(&pair, 27);
    while caller.frames().await.first + 1 < 27 {}
    for _ in 0..64 {
        caller.tell(Control { resume_from: 1, ..ALL });
    }
    // Several ticks: what was put off comes with one of them.
    let mut again = 0;
    let a_second = tokio::time::Instant::now() + Duration::from_secs(1);
    while let Ok(frames) = tokio::time::timeout_at(a_second, caller.frames()).await {
        again += frames.frames.len();
    }
    assert_eq!(again, 27);
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_their_grant_fail_the_call() {
    let pair = Pair::new(1).await;
    let mut caller = Caller::call(&pair, "svc.stream.v1.sum", b"");
    let granted = caller.control(|control| control.granted_frames > 0).await.granted_frames;
    assert_eq!(granted, u64::from(CREDIT));
    let frames = vec![number(1).encode_to_vec(); CREDIT as usize + 1];
    caller.say(&Frames { first: 1, frames }.encode_to_vec());
    let failed = loop {
        if let Some(headers) = caller.hear().await.headers {
            break headers;
        }
    };
    let failed = String::from_utf8_lossy(&failed).into_owned();
    assert!(failed.contains("more than it was granted"), "{failed}");
    assert_eq!(pair.server.stats()[1].ended, 1);
}

#[tokio::test(start_paused = true)]
async fn requests_that_wait_are_bounded_by_the_bytes_of_their_messages() {
    let pair = Pair::new(1).await;
    let mut caller = Caller::call(&pair, "svc.stream.v1.double", b"");
    let credit = u64::from(CREDIT);
    caller.control(|control| control.granted_frames == credit).await;
    let frames = vec![number(1).encode_to_vec(); CREDIT as usize];
    caller.say(&Frames { first: 1, frames }.encode_to_vec());
    caller.control(|control| control.granted_frames >= credit + credit / 2).await;
    // The handler waits now, since nobody grants its answers more. A frame without a byte each, all of them granted:
    for first in credit + 1..=credit + credit / 2 {
        let (frames, padding) = (vec![Vec::new()], vec![0; 256 * 1024]);
        caller.say(&Padded { first, frames, padding }.encode_to_vec());
    }
    let given_up = caller.control(|control| control.cancel);
    let given_up = tokio::time::timeout(Duration::from_secs(1), given_up).await;
    given_up.expect("long before its silence ends the stream");
}
