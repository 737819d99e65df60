//! The commands, as processes against a real server.

mod demo;
mod new;
mod support;
mod up;
