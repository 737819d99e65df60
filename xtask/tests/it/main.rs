//! The commands, as processes against a real server.

mod breaking;
mod demo;
mod key;
mod new;
mod outbox;
mod support;
mod up;
