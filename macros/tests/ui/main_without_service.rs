#![allow(unused_imports)]

#[path = "../support.rs"]
mod support;

use support::runtime::*;

#[support::runtime::main(crate = crate::support::runtime)]
async fn main(_connection: Connection) {}
