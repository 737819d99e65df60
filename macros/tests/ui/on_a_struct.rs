#![allow(unused_imports)]

#[path = "../support.rs"]
mod support;

use support::runtime::*;
use support::time::*;

#[service]
struct Weather;

fn main() {}
