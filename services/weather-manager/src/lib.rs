//! Weather of every region, driven by game time.

pub mod chain;
pub mod draw;
pub mod feel;
pub mod place;
