//! Game time of every world: how fast it runs, and what happens when.

pub mod calendar;
pub mod clock;
pub mod plan;
