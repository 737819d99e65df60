#![allow(unused_imports)]

#[path = "../support.rs"]
mod support;

use support::runtime::*;

#[support::runtime::test(servce = Clock::start)]
async fn works(_env: testing::TestEnv) {}

fn main() {}
