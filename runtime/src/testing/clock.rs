//! Clocks that are wrong.

use std::time::Duration;

use crate::connection::Connection;

/// Sets the clock that a connection stamps its requests with wrong by so many milliseconds, ahead if positive. A call
/// tells the time in steps of 64 ms, and one that uses another's reply subject again in the same step tells the same.
pub fn set_clock_wrong(connection: &Connection, by_ms: i64) {
    for strand in connection.strands() {
        strand.mux().clock().set_wrong(by_ms);
    }
}

/// Makes a connection believe that its machine was suspended for so long, just now.
pub fn pretend_suspension(connection: &Connection, by: Duration) {
    connection.boot_clock().go_ahead(by);
}
