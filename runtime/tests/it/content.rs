//! Messages that are long: compressed on their way, and in pieces where one message can't hold them.

use futures::StreamExt as _;

mod calls;
mod hostile;
mod pieces;

/// Completes when the server knows what a client has subscribed to.
async fn settled(client: &async_nats::Client) {
    let inbox = client.new_inbox();
    let mut echo = client.subscribe(inbox.clone()).await.unwrap();
    client.publish(inbox, "".into()).await.unwrap();
    echo.next().await.unwrap();
}

type Named = Vec<(&'static str, String)>;

fn map(headers: Named) -> async_nats::HeaderMap {
    let mut map = async_nats::HeaderMap::new();
    for (name, value) in headers {
        map.insert(name, value);
    }
    map
}
