//! Carries the bytes of one connection, each way for itself.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Faults, Flow};

/// Bytes that share a fate.
const PACKET_BYTES_MAX: usize = 16 * 1024;
/// Packets on their way at once; more wait in the kernel's buffers, as they would before a slow link.
const IN_FLIGHT_MAX: usize = 64;

/// Carries until both sides have ended, one of them breaks, or the connection is cut.
pub(super) async fn carry(
    mut client: TcpStream,
    mut server: TcpStream,
    faults: &watch::Sender<Faults>,
    cut: &CancellationToken,
    seed: u64,
) {
    let (_, _) = (client.set_nodelay(true), server.set_nodelay(true));
    let whole = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let up = Way { faults: faults.subscribe(), flow: |faults| faults.up, seed };
        let down = Way { faults: faults.subscribe(), flow: |faults| faults.down, seed: !seed };
        let both = async {
            tokio::try_join!(up.carry(from_client, to_server), down.carry(from_server, to_client))
        };
        matches!(cut.run_until_cancelled(both).await, Some(Ok(_)))
    };
    if !whole {
        reset(&client);
        reset(&server);
    }
}

/// Has the peer see a reset, not an end, once the stream is dropped.
pub(super) fn reset(stream: &TcpStream) {
    // A peer that is gone already needs none.
    let _ = stream.set_zero_linger();
}

/// One way of a connection.
struct Way {
    faults: watch::Receiver<Faults>,
    flow: fn(&Faults) -> Flow,
    seed: u64,
}

impl Way {
    async fn carry(self, from: ReadHalf<'_>, to: WriteHalf<'_>) -> io::Result<()> {
        let (sender, receiver) = mpsc::channel(IN_FLIGHT_MAX);
        let Self { faults, flow, seed } = self;
        let taking = take(from, sender, Gate { faults: faults.clone(), flow }, seed);
        let giving = give(to, receiver, Gate { faults, flow });
        // A reset must be noticed before what was held back is given on.
        tokio::try_join!(biased; taking, giving).map(|_| ())
    }
}

/// Reads packets and decides when each arrives.
async fn take(
    mut from: ReadHalf<'_>,
    sender: mpsc::Sender<(Instant, Bytes)>,
    mut gate: Gate,
    seed: u64,
) -> io::Result<()> {
    let mut schedule = Schedule { random: SmallRng::seed_from_u64(seed), last: Instant::now() };
    loop {
        gate.open().await?;
        // Whoever has reset the connection meanwhile took what was still to be sent back.
        if let Some(reset) = from.as_ref().take_error()? {
            return Err(reset);
        }
        let mut packet = BytesMut::with_capacity(PACKET_BYTES_MAX);
        let read = from.read_buf(&mut packet).await;
        if read.is_err() {
            // A reset doesn't pass a blocked way either.
            gate.open().await?;
        }
        if read? == 0 {
            return Ok(());
        }
        let arrival = schedule.arrival(gate.flow(), packet.len());
        if sender.send((arrival, packet.freeze())).await.is_err() {
            return Ok(());
        }
    }
}

/// Writes packets when their time has come.
async fn give(
    mut to: WriteHalf<'_>,
    mut receiver: mpsc::Receiver<(Instant, Bytes)>,
    mut gate: Gate,
) -> io::Result<()> {
    while let Some((arrival, packet)) = receiver.recv().await {
        sleep_until(arrival).await;
        gate.open().await?;
        to.write_all(&packet).await?;
    }
    gate.open().await?;
    // The other side may be gone already.
    let _ = to.shutdown().await;
    Ok(())
}

/// Lets packets through, or not.
struct Gate {
    faults: watch::Receiver<Faults>,
    flow: fn(&Faults) -> Flow,
}

impl Gate {
    fn flow(&self) -> Flow {
        (self.flow)(&self.faults.borrow())
    }

    async fn open(&mut self) -> io::Result<()> {
        let flow = self.flow;
        let open = self.faults.wait_for(|faults| !flow(faults).blocked).await;
        open.map(|_| ()).map_err(|_| io::ErrorKind::ConnectionAborted.into())
    }
}

/// Decides when packets arrive; none overtakes another.
struct Schedule {
    random: SmallRng,
    last: Instant,
}

impl Schedule {
    fn arrival(&mut self, flow: Flow, bytes: usize) -> Instant {
        let Flow { latency, jitter, bytes_per_s, loss_per_mille, blocked: _ } = flow;
        let jitter = jitter.mul_f64(self.random.random_range(0.0..1.0));
        let lost = self.random.random_range(0..1000) < loss_per_mille;
        let stall = if lost { Flow::STALL } else { Duration::ZERO };
        let width = bytes_per_s.map_or(Duration::ZERO, |rate| {
            Duration::from_secs(1) * u32::try_from(bytes).unwrap_or(u32::MAX) / rate.max(1)
        });
        self.last = (Instant::now() + latency + jitter).max(self.last) + stall + width;
        self.last
    }
}
