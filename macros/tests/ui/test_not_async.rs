#![allow(unused_imports)]

#[path = "../support.rs"]
mod support;

use support::runtime::*;

#[support::runtime::test(crate = crate::support::runtime)]
fn works(_env: testing::TestEnv) {}

fn main() {}
