#![allow(unused_imports)]

#[path = "../support.rs"]
mod support;

use support::runtime::*;
use support::time::*;

struct Clock;

#[service]
impl Clock {}

fn main() {}
