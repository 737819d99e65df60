//! Tests of the generator.

mod apply;
mod breaking;
mod emit;
mod image;
mod kitchen_sink;
mod layers;
mod mistakes;
mod model;
mod mutations;
