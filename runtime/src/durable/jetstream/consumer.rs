//! Durable consumers, shared by the instances of a service.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::jetstream::AckKind;
use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::message::{Acker, Message};
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::time::timeout;

use super::super::{Consumer, ConsumerConfig, Pulled, Receipt, Settlement};
use super::link::{ATTEMPT, Link, PATIENCE, pause};
use super::pull::{Ask, Pull, Pulling};
use super::wire::{self, Delivered};
use crate::status::{Code, Result, Status};
use crate::transport::BoxFuture;

/// Makes the consumer if it isn't there.
pub(super) async fn join(link: &Arc<Link>, config: &ConsumerConfig) -> Result<Arc<dyn Consumer>> {
    let ConsumerConfig { stream, name, filter, ack_wait, max_in_hand } = config;
    let state = link.ready().await?;
    let wanted = pull::Config {
        durable_name: Some(name.clone()),
        name: Some(name.clone()),
        filter_subject: filter.as_str().to_owned(),
        ack_policy: AckPolicy::Explicit,
        ack_wait: *ack_wait,
        max_ack_pending: i64::from(*max_in_hand),
        // The runtime counts the deliveries and writes the dead letter itself: the server would only fall silent.
        max_deliver: -1,
        ..pull::Config::default()
    };
    let api = format!("$JS.API.CONSUMER.CREATE.{stream}.{name}.{filter}");
    let making = link.context.create_consumer_on_stream(wanted, stream);
    match link.exchange(state, &api, making).await {
        Ok(made) => {
            let what = format!("consumer {name} of {stream}");
            made.map_err(|error| wire::no_consumer(&what, &error))?;
        }
        // In production the provisioner has made it, and a service may only pull.
        Err(status) if status.code() == Code::PermissionDenied => {
            tracing::debug!(consumer = name, "not ours to make: it must be there");
        }
        Err(status) => return Err(status),
    }
    Ok(Arc::new(Member { link: Arc::clone(link), stream: stream.clone(), name: name.clone() }))
}

/// One who takes part in a consumer.
#[derive(Debug)]
struct Member {
    link: Arc<Link>,
    stream: String,
    name: String,
}

impl Consumer for Member {
    fn pull(
        &self,
        max: usize,
        wait: Duration,
    ) -> BoxFuture<'_, Result<BoxStream<'static, Result<Pulled>>>> {
        Box::pin(async move {
            let ask = Ask::Within(max, wait);
            let pull = Pull::start(&self.link, &self.stream, &self.name, ask).await?;
            Ok(futures::stream::unfold(Some(pull), next).boxed())
        })
    }
}

async fn next(pull: Option<Pull>) -> Option<(Result<Pulled>, Option<Pull>)> {
    let mut pull = pull?;
    match pull.next().await {
        Pulling::Message(message) => Some((pulled(*message), Some(pull))),
        Pulling::Full | Pulling::Over => None,
        Pulling::Broken(status) => Some((Err(status), None)),
    }
}

fn pulled(message: Message) -> Result<Pulled> {
    let Delivered { stored, deliveries, .. } = wire::delivered(&message)?;
    let (_, acker) = message.split();
    Ok(Pulled { message: stored, deliveries, receipt: Box::new(Slip(acker)) })
}

/// The receipt of one delivery.
struct Slip(Acker);

impl Receipt for Slip {
    fn settle(&self, settlement: Settlement) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let began = Instant::now();
            let patient = matches!(settlement, Settlement::Done | Settlement::Never);
            let mut attempt = 0;
            loop {
                let settled = self.once(settlement).await;
                if settled.is_ok() || !patient || began.elapsed() > PATIENCE {
                    return settled;
                }
                // The receipt outlives the connection.
                pause(attempt).await;
                attempt += 1;
            }
        })
    }
}

impl Slip {
    async fn once(&self, settlement: Settlement) -> Result<()> {
        let done = async {
            match settlement {
                Settlement::Done => self.0.double_ack().await,
                Settlement::Never => self.0.double_ack_with(AckKind::Term).await,
                Settlement::Working => self.0.ack_with(AckKind::Progress).await,
                Settlement::Again(delay) => {
                    // A delay of zero waits for the server's next look at its timers.
                    let delay = (!delay.is_zero()).then_some(delay);
                    self.0.ack_with(AckKind::Nak(delay)).await
                }
            }
        };
        match timeout(ATTEMPT, done).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                Err(Status::unknown_outcome(format!("the acknowledgement may be lost: {error}")))
            }
            Err(_) => Err(wire::unanswered("the acknowledgement")),
        }
    }
}
