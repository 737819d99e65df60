//! Messages that are long: compressed on their way, and in pieces where one message can't hold them.

mod calls;
mod hostile;
mod pieces;

type Named = Vec<(&'static str, String)>;

fn map(headers: Named) -> async_nats::HeaderMap {
    let mut map = async_nats::HeaderMap::new();
    for (name, value) in headers {
        map.insert(name, value);
    }
    map
}
