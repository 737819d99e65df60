//! Injects faults and judges what came of them.

use std::process::ExitCode;

fn main() -> ExitCode {
    chaos::cli::main()
}
