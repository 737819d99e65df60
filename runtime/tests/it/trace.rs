//! One request is one trace, from its caller to the last consumer of an event, as a collector gets to see it.

use std::sync::Arc;
use std::time::Duration;

use bodybroker_runtime::config::{Config, Otlp};
use bodybroker_runtime::connection::{Connection, Options};
use bodybroker_runtime::event::start_consumers;
use bodybroker_runtime::server::Service;
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::{Code, Result, telemetry};

use crate::event::{Dispatch, Listener, provision};
use crate::fixture::Text;

mod collector;
mod tower;

use collector::Collector;
use tower::{HOLD, PEAL, RING, SPEC, TOLL, Tower};

const TOLLED: &str = "\
client test.v1.TowerService/Toll
  server test.v1.TowerService/Toll
    producer test.v1.Rang
      consumer test.v1.Rang
";

const RUNG: &str = "\
client test.v1.TowerService/Ring
  client test.v1.TowerService/Ring attempt 1 failed
    server test.v1.TowerService/Ring failed
  client test.v1.TowerService/Ring attempt 2
    server test.v1.TowerService/Ring
      consumer test.v1.Moved
      producer test.v1.Rang
        consumer test.v1.Rang
";

const PEALED: &str = "\
client test.v1.TowerService/Peal (first frame, last frame)
  server test.v1.TowerService/Peal
";

const HELD: &str = "\
client test.v1.TowerService/Hold
  server test.v1.TowerService/Hold
";

const SHED: &str = "\
client test.v1.TowerService/Hold failed
  server test.v1.TowerService/Hold failed
";

const OUTSIDE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The parts share a process: spans are made from the moment that a collector is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_one_tree_from_its_caller_to_the_consumers_of_its_events() -> Result<()> {
    let server = NatsServer::start().await?;
    let connect = |name: &'static str| Connection::connect(Options::new(server.url(), name));
    let (client, callee, consumer) =
        (connect("client").await?, connect("tower").await?, connect("ear").await?);
    provision(client.durable()).await?;
    let listener = Listener::new(|context, _| async move {
        tower::HEARD.lock().unwrap().push(context.headers().get("traceparent").map(str::to_owned));
        Ok(())
    });
    let ear: Arc<dyn Service> = Arc::new(Dispatch(Arc::clone(&listener)));
    let consumers = start_consumers(&consumer, &ear).await?;
    let instance = callee.serve(Tower::new(&callee)).await?;
    let call = |method: usize, number| {
        client.call::<Text, Text>(&SPEC.methods[method], Text::number(number))
    };

    // Without a collector nothing is said that wasn't said before, and what was is passed on as it came.
    assert_eq!(call(TOLL, 1).await?.text, "", "no header comes with a call that is in no trace");
    listener.until(|heard| heard.contains_key(&1)).await;
    assert_eq!(call(TOLL, 2).header("traceparent", OUTSIDE).await?.text, OUTSIDE);
    listener.until(|heard| heard.contains_key(&2)).await;
    // An event is counted before it is handled.
    let both = async {
        while tower::HEARD.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), both).await.expect("both are handled");
    assert_eq!(*tower::HEARD.lock().unwrap(), [None, Some(OUTSIDE.to_owned())]);

    let collector = Collector::start().await;
    let otlp =
        Some(Otlp { traces: collector.url(), service: "test".to_owned(), ..Otlp::default() });
    telemetry::start(&Config { otlp, log: "off".to_owned(), ..Config::at(server.url()) })?;
    call(TOLL, 3).await?;
    call(RING, 4).await?;
    let stream = client.server_stream::<Text, Text>(&SPEC.methods[PEAL], Text::number(5));
    assert_eq!(stream.await?.collect().await?.len(), 5);
    let second = async {
        tower::HELD.notified().await;
        let shed = call(HOLD, 7).await.unwrap_err();
        assert_eq!(shed.code(), Code::ResourceExhausted);
        tower::RELEASED.notify_one();
    };
    let (held, ()) = tokio::join!(call(HOLD, 6), second);
    held?;
    listener.until(|heard| heard.contains_key(&3) && heard.contains_key(&4)).await;
    // What is handled is settled afterwards, and its span ends then.
    consumers.drain().await;
    instance.drain().await;
    let trees = [HELD, SHED, PEALED, RUNG, TOLLED];
    let spans = trees.iter().map(|tree| tree.lines().count()).sum();
    assert_eq!(collector.until(spans).await, trees);
    Ok(())
}
