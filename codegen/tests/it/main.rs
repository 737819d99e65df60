//! Tests of the generator.

mod kitchen_sink;
mod mistakes;
mod model;
mod mutations;
