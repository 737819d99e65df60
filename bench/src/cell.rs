//! The cells: one way to make the call each, one file each, one line each in [`CELLS`].

use futures::future::LocalBoxFuture;

mod axum;
mod bare;
mod fastapi;
mod http;
mod micro;
mod ours;
mod ours_stream;
mod prost;
mod raw;
mod raw_stream;
mod tonic;
mod tonic_stream;

/// Every cell, in the order of the table.
pub const CELLS: &[Cell] = &[
    bare::CELL,
    raw::CELL,
    prost::CELL,
    prost::CURRENT_THREAD,
    prost::CORES,
    micro::CELL,
    ours::CELL,
    ours::CURRENT_THREAD,
    ours::CORES,
    ours::HEADER,
    ours::DEADLINE,
    ours::METADATA,
    ours::LAYERS,
    tonic::CELL,
    tonic::CURRENT_THREAD,
    axum::CELL,
    fastapi::CELL,
    ours_stream::CELL,
    raw_stream::CELL,
    tonic_stream::CELL,
];

/// What unary cells are compared with.
pub const BASE: &str = prost::CELL.name;

/// What streaming cells are compared with.
pub const STREAM_BASE: &str = tonic_stream::CELL.name;

/// One way to make the call.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
    /// Name on the command line and in the table.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// What is called.
    pub shape: Shape,
    /// Name of a cell that it is compared with besides the base.
    pub beside: Option<&'static str>,
    /// Whether the broker stands between.
    pub broker: bool,
    /// Runtime of client and server.
    pub flavor: Flavor,
    /// Serves at the broker of the URL for ever; none when the server is a foreign program.
    pub serve: Option<Role>,
    /// Follows the conductor's orders to call the URL.
    pub drive: Role,
}

/// Plays a part of a cell, given the URL of the broker or of the server.
pub type Role = fn(String) -> LocalBoxFuture<'static, anyhow::Result<()>>;

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One request, one response.
    Unary,
    /// One request, a thousand frames.
    Stream,
}

/// The runtime of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    /// A thread a core.
    MultiThread,
    /// One thread.
    CurrentThread,
}

/// Finds a cell by name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Cell> {
    CELLS.iter().find(|cell| cell.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_what_they_are_compared_with_exists() {
        for (at, cell) in CELLS.iter().enumerate() {
            assert!(CELLS[..at].iter().all(|earlier| earlier.name != cell.name), "{}", cell.name);
            let beside = cell.beside.map(|name| find(name).map(|cell| cell.shape));
            assert!(beside.is_none_or(|shape| shape == Some(cell.shape)), "{}", cell.name);
        }
        assert_eq!(find(BASE).map(|cell| cell.shape), Some(Shape::Unary));
        assert_eq!(find(STREAM_BASE).map(|cell| cell.shape), Some(Shape::Stream));
    }
}
