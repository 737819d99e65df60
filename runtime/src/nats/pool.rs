//! The servers that a connection may go to.

use std::sync::{Mutex, PoisonError};

/// The servers that a connection may go to: those that it was told, and those that they have told of.
pub(super) struct Pool {
    told: Vec<String>,
    learned: Mutex<Vec<String>>,
}

impl Pool {
    /// Reads URLs that are separated by commas.
    pub(super) fn new(urls: &str) -> Self {
        let urls = urls.split(',').map(str::trim).filter(|url| !url.is_empty());
        Self { told: urls.map(str::to_owned).collect(), learned: Mutex::default() }
    }

    /// Notes the addresses that the server at a URL knows. They are encrypted if it is.
    pub(super) fn learn(&self, from: &str, addresses: &[String]) {
        if addresses.is_empty() {
            return;
        }
        let scheme = from.split_once("://").map_or("nats", |(scheme, _)| scheme);
        let urls = addresses.iter().map(|address| format!("{scheme}://{address}"));
        *self.learned.lock().unwrap_or_else(PoisonError::into_inner) = urls.collect();
    }

    /// The servers in the order in which they are to be tried: at random, first those that the connection was told,
    /// and last the one to avoid.
    pub(super) fn order(&self, avoid: Option<&str>) -> Vec<String> {
        let mut order = turned(self.told.clone());
        let learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner).clone();
        order.extend(turned(learned).into_iter().filter(|url| !self.told.contains(url)));
        order.sort_by_key(|url| Some(url.as_str()) == avoid);
        order
    }
}

/// Begins anywhere.
fn turned(mut urls: Vec<String>) -> Vec<String> {
    if !urls.is_empty() {
        let start = rand::random_range(0..urls.len());
        urls.rotate_left(start);
    }
    urls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_to_avoid_comes_last_and_the_learned_after_the_told() {
        let pool = Pool::new("tls://a:1, tls://b:2,");
        pool.learn("tls://a:1", &["c:3".to_owned(), "b:2".to_owned()]);
        for _ in 0..20 {
            let order = pool.order(Some("tls://a:1"));
            assert_eq!(order, ["tls://b:2", "tls://c:3", "tls://a:1"]);
            assert_eq!(pool.order(None)[2], "tls://c:3");
        }
        // A server that is alone tells nothing.
        pool.learn("tls://a:1", &[]);
        assert_eq!(pool.order(None).len(), 3);
    }
}
