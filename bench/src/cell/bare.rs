//! A bare loop over the NATS protocol, blocking and in one thread: the limit that the broker sets.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use anyhow::Context as _;
use futures::FutureExt as _;
use prost::Message as _;

use super::{Cell, Flavor, Shape};
use crate::load::{Driver, End, Log};
use crate::sample::Load;
use crate::{message, role};

const SUBJECT: &str = "bench.bare";

pub(super) const CELL: Cell = Cell {
    name: "bare",
    about: "bare protocol loop: the broker's limit",
    shape: Shape::Unary,
    beside: None,
    broker: true,
    flavor: Flavor::CurrentThread,
    serve: Some(|url| async move { serve(&url) }.boxed_local()),
    drive: |url| drive(url).boxed_local(),
};

fn serve(url: &str) -> anyhow::Result<()> {
    let mut socket = Socket::connect(url, &format!("SUB {SUBJECT} bench 1\r\nPING\r\n"))?;
    let response = message::respond(&message::request()).encode_to_vec();
    role::ready("")?;
    loop {
        socket.turn(|reply, _, out| publish(out, reply, "", &response))?;
    }
}

async fn drive(url: String) -> anyhow::Result<()> {
    let inbox = format!("_INBOX.bare.{}", std::process::id());
    let socket = Socket::connect(&url, &format!("SUB {inbox}.* 1\r\nPING\r\n"))?;
    role::follow(Bare { socket, inbox, request: message::request().encode_to_vec() }).await
}

struct Bare {
    socket: Socket,
    inbox: String,
    request: Vec<u8>,
}

impl Driver for Bare {
    async fn run(&mut self, load: Load) -> anyhow::Result<Vec<Log>> {
        let Self { socket, inbox, request } = self;
        let replies: Vec<_> = (0..load.concurrency).map(|slot| format!("{inbox}.{slot}")).collect();
        let end = End::new(load.until);
        let started = Instant::now();
        let mut sent = vec![started; load.concurrency];
        let mut log = Log::default();
        let mut outstanding = 0;
        for reply in &replies {
            if end.goes_on(started) {
                publish(&mut socket.out, SUBJECT.as_bytes(), reply, request);
                outstanding += 1;
            }
        }
        socket.write()?;
        let mut failure = None;
        while outstanding > 0 {
            socket.turn(|_, subject, out| {
                let now = Instant::now();
                let slot = std::str::from_utf8(&subject[inbox.len() + 1..]).ok();
                let Some(slot) = slot.and_then(|slot| slot.parse::<usize>().ok()) else {
                    failure = Some("a reply to nobody");
                    return;
                };
                log.note(now - sent[slot], None);
                if end.goes_on(now) {
                    sent[slot] = now;
                    publish(out, SUBJECT.as_bytes(), &replies[slot], request);
                } else {
                    outstanding -= 1;
                }
            })?;
            anyhow::ensure!(failure.is_none(), "{failure:?}");
        }
        Ok(vec![log])
    }
}

fn publish(out: &mut Vec<u8>, subject: &[u8], reply: &str, payload: &[u8]) {
    out.extend_from_slice(b"PUB ");
    out.extend_from_slice(subject);
    if !reply.is_empty() {
        out.push(b' ');
        out.extend_from_slice(reply.as_bytes());
    }
    out.extend_from_slice(format!(" {}\r\n", payload.len()).as_bytes());
    out.extend_from_slice(payload);
    out.extend_from_slice(b"\r\n");
}

/// A connection that speaks just enough of the protocol.
struct Socket {
    stream: TcpStream,
    input: Vec<u8>,
    filled: usize,
    out: Vec<u8>,
}

impl Socket {
    fn connect(url: &str, then: &str) -> anyhow::Result<Self> {
        let address = url.trim_start_matches("nats://");
        let stream = TcpStream::connect(address).context("no broker")?;
        stream.set_nodelay(true)?;
        let mut socket = Self { stream, input: vec![0; 1 << 20], filled: 0, out: Vec::new() };
        socket.out.extend_from_slice(b"CONNECT {\"verbose\":false,\"pedantic\":false}\r\n");
        socket.out.extend_from_slice(then.as_bytes());
        socket.write()?;
        let mut seen = Vec::new();
        while !seen.windows(6).any(|six| six == b"PONG\r\n") {
            let read = socket.stream.read(&mut socket.input)?;
            anyhow::ensure!(read > 0, "the broker hung up");
            seen.extend_from_slice(&socket.input[..read]);
        }
        Ok(socket)
    }

    /// Reads once, hands each message to `take` (reply or subject, subject, output), and writes once.
    fn turn(&mut self, mut take: impl FnMut(&[u8], &[u8], &mut Vec<u8>)) -> anyhow::Result<()> {
        let read = self.stream.read(&mut self.input[self.filled..])?;
        anyhow::ensure!(read > 0, "the broker hung up");
        self.filled += read;
        let mut at = 0;
        while let Some(end) = memchr::memchr(b'\n', &self.input[at..self.filled]) {
            let line = &self.input[at..at + end - 1];
            let body = at + end + 1;
            if line.starts_with(b"MSG ") {
                let mut fields = line[4..].split(|&byte| byte == b' ');
                let subject = fields.next().context("a message without a subject")?;
                let mut rest = fields.skip(1);
                let second = rest.next().context("a message without a length")?;
                let (reply, length) = match rest.next() {
                    Some(length) => (second, length),
                    None => (subject, second),
                };
                let length: usize = std::str::from_utf8(length)?.parse()?;
                if body + length + 2 > self.filled {
                    break;
                }
                take(reply, subject, &mut self.out);
                at = body + length + 2;
            } else {
                if line == b"PING" {
                    self.out.extend_from_slice(b"PONG\r\n");
                }
                anyhow::ensure!(!line.starts_with(b"-ERR"), "the broker refused something");
                at = body;
            }
        }
        self.input.copy_within(at..self.filled, 0);
        self.filled -= at;
        self.write()
    }

    fn write(&mut self) -> anyhow::Result<()> {
        self.stream.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }
}
