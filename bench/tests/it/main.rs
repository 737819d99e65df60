//! The bench works; how fast it is, no test says.

mod smoke;
mod spike;
