//! A server that dies while events are handled.

use std::sync::Arc;
use std::time::Duration;

use bodybroker_runtime::Result;
use bodybroker_runtime::connection::{Connection, Options};
use bodybroker_runtime::event::{Tuning, start_consumers_with};
use bodybroker_runtime::server::Service;
use bodybroker_runtime::testing::NatsServer;
use tokio::sync::Notify;

use super::{Dispatch, Listener, provision, quick, rang};

#[tokio::test]
async fn an_acknowledgement_survives_a_restart_of_the_server() -> Result<()> {
    acknowledge_across_a_restart(|_| {}).await
}

/// The server writes down what it delivered a little after it did.
#[tokio::test]
async fn an_event_in_hand_is_not_handled_again_when_the_server_forgot_it() -> Result<()> {
    acknowledge_across_a_restart(|server| {
        let consumers = server.folder().join("store/jetstream/$G/streams/EVENTS/obs");
        std::fs::remove_file(consumers.join("listener-rang/o.dat")).unwrap();
    })
    .await
}

/// Kills the server while an event is handled, and starts it again when the handler has ended.
async fn acknowledge_across_a_restart(meanwhile: impl FnOnce(&NatsServer)) -> Result<()> {
    let mut server = NatsServer::start().await?;
    let connection = Connection::connect(Options::new(server.url(), "listener")).await?;
    provision(connection.durable()).await?;
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let listener = {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        Listener::new(move |_, rang| {
            let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
            async move {
                if rang.number == 1 {
                    begun.notify_one();
                    go_on.notified().await;
                }
                Ok(())
            }
        })
    };
    let service: Arc<dyn Service> = Arc::new(Dispatch(Arc::clone(&listener)));
    let tuning = Tuning { ack_wait: Duration::from_secs(4), ..quick() };
    let consumers = start_consumers_with(&connection, &service, tuning).await?;
    connection.publish(&rang(1)).await?;
    begun.notified().await;
    server.kill();
    meanwhile(&server);
    go_on.notify_one();
    server.restart().await?;
    for number in 2..=20 {
        connection.publish(&rang(number)).await?;
    }
    listener.until(|heard| heard.len() == 20).await;
    consumers.drain().await;
    assert_eq!(listener.heard.lock().unwrap()[&1], 1);
    Ok(())
}

#[tokio::test]
async fn a_handler_that_dies_leaves_its_event_to_another_instance() -> Result<()> {
    let server = NatsServer::start().await?;
    let dying = Connection::connect(Options::new(server.url(), "listener")).await?;
    provision(dying.durable()).await?;
    let listener = Listener::new(|context, _| async move {
        if context.attempt() == 1 {
            std::future::pending::<()>().await;
        }
        Ok(())
    });
    let service: Arc<dyn Service> = Arc::new(Dispatch(Arc::clone(&listener)));
    let tuning = Tuning { ack_wait: Duration::from_mins(5), ..quick() };
    let first = start_consumers_with(&dying, &service, tuning.clone()).await?;
    dying.publish(&rang(1)).await?;
    listener.until(|heard| heard.contains_key(&1)).await;
    first.drain_within(Duration::from_millis(1)).await;
    assert_eq!(listener.heard.lock().unwrap()[&1], 1, "the dying instance got it back");
    let heir = Connection::connect(Options::new(server.url(), "listener")).await?;
    let second = start_consumers_with(&heir, &service, tuning).await?;
    listener.until(|heard| heard[&1] == 2).await;
    second.drain().await;
    Ok(())
}
