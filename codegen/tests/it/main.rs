//! Tests of the generator.

mod apply;
mod breaking;
mod emit;
mod image;
mod kitchen_sink;
mod layers;
mod lint_like_buf;
mod lint_of_ours;
mod mistakes;
mod model;
mod names;
mod placed;
