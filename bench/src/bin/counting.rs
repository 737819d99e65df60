//! The bench with an allocator that counts.

use std::alloc::System;
use std::process::ExitCode;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    bench::cli::main(Some(|| {
        let stats = ALLOCATOR.stats();
        u64::try_from(stats.allocations + stats.reallocations).unwrap_or(u64::MAX)
    }))
}
