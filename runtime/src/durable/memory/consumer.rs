//! Durable consumers: a group that remembers what is in hand, and its members that pull.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::time::Instant;

use super::super::{Consumer, ConsumerConfig, Pulled, Receipt, Settlement, Stored};
use super::log::Log;
use super::{FAR, Memory};
use crate::status::{Result, Status};
use crate::transport::BoxFuture;

/// What the members of a consumer share.
#[derive(Debug)]
pub(super) struct Group {
    config: ConsumerConfig,
    next: u64,
    in_hand: BTreeMap<u64, InHand>,
}

#[derive(Debug, Clone, Copy)]
struct InHand {
    deliveries: u64,
    /// When it is delivered again.
    due: Instant,
}

impl Group {
    pub(super) fn new(config: ConsumerConfig) -> Self {
        Self { config, next: 1, in_hand: BTreeMap::new() }
    }

    /// The next message to deliver, or when to look again.
    fn next(&mut self, log: &Log, now: Instant) -> std::result::Result<(Stored, u64), Instant> {
        let due = self.in_hand.iter().find(|(_, held)| held.due <= now).map(|(seq, _)| *seq);
        if let Some(sequence) = due {
            let Some(message) = log.at(sequence) else {
                self.in_hand.remove(&sequence);
                return self.next(log, now);
            };
            return Ok(self.deliver(message, now));
        }
        if self.in_hand.len() < self.config.max_in_hand as usize
            && let Some(message) = log.first(&self.config.filter, self.next)
        {
            self.next = message.sequence + 1;
            return Ok(self.deliver(message, now));
        }
        Err(self.in_hand.values().map(|held| held.due).min().unwrap_or(now + FAR))
    }

    fn deliver(&mut self, message: Stored, now: Instant) -> (Stored, u64) {
        let due = now + self.config.ack_wait;
        let held = self.in_hand.entry(message.sequence).or_insert(InHand { deliveries: 0, due });
        held.deliveries += 1;
        held.due = due;
        (message, held.deliveries)
    }

    fn settle(&mut self, sequence: u64, deliveries: u64, settlement: Settlement, now: Instant) {
        // A settlement of an earlier delivery still counts when it is final, as it does on the server.
        let Some(held) = self.in_hand.get_mut(&sequence) else { return };
        match settlement {
            Settlement::Done | Settlement::Never => {
                self.in_hand.remove(&sequence);
            }
            Settlement::Working if held.deliveries == deliveries => {
                held.due = now + self.config.ack_wait;
            }
            Settlement::Again(delay) if held.deliveries == deliveries => held.due = now + delay,
            Settlement::Working | Settlement::Again(_) => {}
        }
    }
}

/// One who takes part in a consumer.
#[derive(Debug)]
pub(super) struct Member {
    memory: Memory,
    stream: String,
    name: String,
}

impl Member {
    pub(super) fn new(memory: Memory, config: &ConsumerConfig) -> Self {
        Self { memory, stream: config.stream.clone(), name: config.name.clone() }
    }

    fn with<T>(&self, run: impl FnOnce(&mut Group, &Log) -> T) -> Result<T> {
        let name = &self.name;
        self.memory.with(&self.stream, |log| {
            let mut group = log.take_group(name).ok_or_else(|| {
                Status::failed_precondition(format!("there is no consumer {name}"))
            })?;
            let result = run(&mut group, log);
            log.put_group(name, group);
            Ok(result)
        })?
    }

    /// Waits for one message, until a moment.
    async fn one(&self, until: Instant) -> Option<Result<Pulled>> {
        let mut appended = self.memory.0.appended.subscribe();
        loop {
            appended.mark_unchanged();
            let again = match self.with(|group, log| group.next(log, Instant::now())) {
                Err(status) => return Some(Err(status)),
                Ok(Ok((message, deliveries))) => {
                    return Some(Ok(self.pulled(message, deliveries)));
                }
                Ok(Err(again)) => again,
            };
            tokio::select! {
                biased;
                _ = appended.changed() => {}
                () = tokio::time::sleep_until(again) => {}
                () = tokio::time::sleep_until(until) => return None,
            }
        }
    }

    fn pulled(&self, message: Stored, deliveries: u64) -> Pulled {
        let slip = Slip { member: self.share(), sequence: message.sequence, deliveries };
        Pulled { message, deliveries, receipt: Box::new(slip) }
    }

    fn share(&self) -> Self {
        Self { memory: self.memory.clone(), stream: self.stream.clone(), name: self.name.clone() }
    }
}

impl Consumer for Member {
    fn pull(
        &self,
        max: usize,
        wait: Duration,
    ) -> BoxFuture<'_, Result<BoxStream<'static, Result<Pulled>>>> {
        let member = self.share();
        let until = Instant::now() + wait;
        let messages = futures::stream::unfold(member, move |member| async move {
            member.one(until).await.map(|pulled| (pulled, member))
        });
        Box::pin(async move { Ok(messages.take(max).boxed()) })
    }
}

/// The receipt of one delivery.
#[derive(Debug)]
struct Slip {
    member: Member,
    sequence: u64,
    deliveries: u64,
}

impl Receipt for Slip {
    fn settle(&self, settlement: Settlement) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let now = Instant::now();
            self.member.with(|group, _| {
                group.settle(self.sequence, self.deliveries, settlement, now);
            })?;
            self.member.memory.wake();
            Ok(())
        })
    }
}
