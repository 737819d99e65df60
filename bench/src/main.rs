//! Conducts a measurement, or plays the client or the server of one cell.

use std::process::ExitCode;

fn main() -> ExitCode {
    bench::cli::main(None)
}
