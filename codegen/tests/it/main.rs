//! Tests of the generator.

mod apply;
mod emit;
mod kitchen_sink;
mod mistakes;
mod model;
mod mutations;
