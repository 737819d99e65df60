#![allow(unused_imports)]

#[path = "../support.rs"]
mod support;

use support::runtime::*;
use support::time::*;

#[service]
fn weather() {}

fn main() {}
