//! The terminal: the one place that prints.

use std::fmt::Display;

/// Prints a line on standard output.
#[expect(clippy::print_stdout, reason = "a command's answer goes to standard output")]
pub(crate) fn say(line: impl Display) {
    println!("{line}");
}

/// Prints a line on standard error: progress, which is no part of the answer.
pub(crate) fn note(line: impl Display) {
    eprintln!("{line}");
}

/// Prints an error with its causes.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}
