//! What holds for streams when messages are lost, doubled, late or out of order, or a side is gone.

use std::time::Duration;

use bodybroker_runtime::bus::Fault;
use bodybroker_runtime::prelude::*;
use bodybroker_runtime::status::Executed;
use bodybroker_runtime::subject::Filter;
use bodybroker_runtime::testing::set_clock_wrong;
use tokio::time::Instant;

use super::fixture::*;

const FRAMES: Filter = Filter::literal("_INBOX.caller.>");
const CONTROL: Filter = Filter::literal("_INBOX.host.>");

#[tokio::test(start_paused = true)]
async fn what_is_lost_is_sent_again() {
    for nth in 1..12 {
        for filter in [FRAMES, CONTROL] {
            let pair = Pair::new(nth).await;
            let fault = pair.bus.inject(Fault::drop(filter.clone()).nth(nth));
            let stream = count(&pair.client, 600, WELL).await.unwrap();
            assert_counted(&stream.collect().await.unwrap(), 600);
            assert!(pair.bus.hits(fault) == 1 || nth > 3, "message {nth} to {filter} was lost");
            pair.clean().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_network_takes_nothing_from_a_stream_but_time() {
    for seed in 0..40 {
        let pair = Pair::new(seed).await;
        for filter in [FRAMES, CONTROL] {
            pair.bus.inject(Fault::drop(filter.clone()).per_mille(60));
            pair.bus.inject(Fault::duplicate(filter.clone()).per_mille(100));
            pair.bus.inject(Fault::reorder(filter.clone()).per_mille(100));
            pair.bus.inject(Fault::delay(filter, Duration::from_millis(300)).per_mille(50));
        }
        let mut frames = Vec::new();
        let mut stream = count(&pair.client, 1000, WELL).await.unwrap();
        let end = loop {
            match stream.next().await {
                Some(Ok(frame)) => frames.push(frame),
                Some(Err(failure)) => break Some(failure),
                None => break None,
            }
        };
        assert_counted(&frames, frames.len() as u64);
        match end {
            None => assert_eq!(frames.len(), 1000, "seed {seed}"),
            Some(failure) => {
                assert!(
                    [Code::DataLoss, Code::Unavailable].contains(&failure.code()),
                    "seed {seed}: {failure}"
                );
            }
        }
        drop(stream);
        pair.clean().await;
    }
}

#[tokio::test(start_paused = true)]
async fn uploads_survive_a_bad_network_too() {
    for seed in 0..20 {
        let pair = Pair::new(seed).await;
        pair.bus.inject(Fault::duplicate(Filter::literal("_INBOX.>")).per_mille(100));
        pair.bus.inject(Fault::reorder(Filter::literal("_INBOX.>")).per_mille(100));
        let numbers: Vec<Number> = (1..=500).map(number).collect();
        let doubled = pair.client.bidirectional::<Number, Number>(&SPEC.methods[2], numbers);
        let doubled = doubled.await.unwrap().collect().await.unwrap();
        assert_eq!(doubled.len(), 500, "seed {seed}");
        assert!(doubled.iter().zip(1..).all(|(frame, n)| frame.value == 2 * n), "seed {seed}");
        pair.clean().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_stays_lost_is_reported() {
    let pair = Pair::new(1).await;
    let mut stream = count(&pair.client, 100, WELL).credit(10).await.unwrap();
    stream.next().await.unwrap().unwrap();
    // From here on everything with frames in it is lost; heartbeats, which are short, can't be told apart on a
    // bus, so the whole direction is.
    pair.bus.inject(Fault::drop(FRAMES));
    let mut frames = 1;
    let failure = loop {
        match stream.next().await.unwrap() {
            Ok(_) => frames += 1,
            Err(failure) => break failure,
        }
    };
    assert!(frames <= 10);
    assert_eq!(failure.code(), Code::Unavailable, "{failure}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_stream_beats_and_lives() {
    let pair = Pair::new(1).await;
    let mut stream = count(&pair.client, 1, NEVER).await.unwrap();
    stream.next().await.unwrap().unwrap();
    let silence = tokio::time::timeout(Duration::from_hours(1), stream.next()).await;
    assert!(silence.is_err(), "the stream is alive after an hour without a frame");
    assert_eq!(pair.server.in_flight(), 1);
    drop(stream);
    pair.clean().await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_producer_is_given_up_after_the_idle_time_out() {
    let pair = Pair::new(1).await;
    let mut stream = count(&pair.client, 1, NEVER).await.unwrap();
    stream.next().await.unwrap().unwrap();
    let since = Instant::now();
    pair.bus.inject(Fault::drop(FRAMES));
    let failure = stream.next().await.unwrap().unwrap_err();
    assert_eq!(failure.code(), Code::Unavailable, "{failure}");
    assert!(since.elapsed() >= IDLE_TIMEOUT, "{:?}", since.elapsed());
    assert!(since.elapsed() <= IDLE_TIMEOUT + Duration::from_secs(2), "{:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_silent_reader_orphans_its_producer() {
    let pair = Pair::new(1).await;
    let mut stream = count(&pair.client, 1, NEVER).await.unwrap();
    stream.next().await.unwrap().unwrap();
    let since = Instant::now();
    pair.bus.inject(Fault::drop(CONTROL));
    pair.service.dropped().await;
    assert!(since.elapsed() <= Duration::from_secs(5), "{:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_gone_is_noticed_within_two_seconds() {
    let pair = Pair::new(1).await;
    let mut stream = count(&pair.client, 1, NEVER).await.unwrap();
    stream.next().await.unwrap().unwrap();
    let since = Instant::now();
    // Its subscriptions go with it, as when its process is killed.
    pair.host.tx().close().await;
    pair.host.rx().close().await;
    let failure = stream.next().await.unwrap().unwrap_err();
    assert_eq!(failure.code(), Code::Unavailable, "{failure}");
    assert!(since.elapsed() < Duration::from_secs(4), "{:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_short_restart_of_the_broker_is_survived() {
    let pair = Pair::new(1).await;
    let mut stream = count(&pair.client, 1000, WELL).await.unwrap();
    for n in 1..=100 {
        assert_eq!(stream.next().await.unwrap().unwrap().value, n);
    }
    pair.bus.restart(Duration::from_millis(700));
    for n in 101..=1000 {
        assert_eq!(stream.next().await.unwrap().unwrap().value, n);
    }
    assert!(stream.next().await.is_none());
    drop(stream);
    pair.clean().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_was_asked_for_long_ago_is_not_opened() {
    let pair = Pair::new(1).await;
    count(&pair.client, 1, WELL).await.unwrap().collect().await.unwrap();
    let opening = Filter::literal("svc.stream.v1.count");
    let fault = pair.bus.inject(Fault::delay(opening, Duration::from_secs(20)));
    let failure = count(&pair.client, 1, WELL).await.unwrap_err();
    assert_eq!(failure.code(), Code::DeadlineExceeded, "{failure}");
    until(|| pair.server.stats()[0].expired == 1).await;
    pair.bus.remove(fault);
    // An opening that isn't old, by a clock that lost ten minutes.
    set_clock_wrong(&pair.client, -600_000);
    let failure = count(&pair.client, 1, WELL).await.unwrap_err();
    assert_eq!((failure.code(), failure.executed()), (Code::Unavailable, Executed::No));
    assert_counted(&count(&pair.client, 1, WELL).await.unwrap().collect().await.unwrap(), 1);
    pair.clean().await;
}
