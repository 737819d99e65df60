//! Notes what a service gives up on: it can't do its work meanwhile.

use std::time::Duration;

use tokio::time::sleep;

use super::Health;
use crate::connection::Connection;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// Looks again and again.
pub(super) async fn watch(health: Health, name: String, connection: Connection) {
    let what = format!("{name}: callees");
    loop {
        let held_back = connection.calls().held_back();
        if held_back.is_empty() {
            health.well(&what);
        } else {
            health.trouble(&what, format!("calls are held back: {}", held_back.join(", ")));
        }
        sleep(PAUSE).await;
    }
}
