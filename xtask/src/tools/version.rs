//! Versions of programs.

use std::fmt;
use std::path::Path;
use std::process::Command;

/// A version such as 2.15.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) u32, pub(super) u32, pub(super) u32);

/// Asks a program for its version; `None` when there is no such program.
pub(super) fn of(program: &Path) -> Option<Version> {
    let output = Command::new(program).arg("--version").output().ok()?;
    parse(std::str::from_utf8(&output.stdout).ok()?)
}

/// Finds the version in a line such as `nats-server: v2.15.1`.
fn parse(text: &str) -> Option<Version> {
    let text = text.split_whitespace().last()?.trim_start_matches('v');
    let mut numbers = text.split('.').map(|number| {
        let digits = number.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse::<u32>().ok()
    });
    Some(Version(numbers.next()??, numbers.next()??, numbers.next()??))
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(major, minor, patch) = self;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_ends_the_line() {
        assert_eq!(parse("nats-server: v2.15.1\n"), Some(Version(2, 15, 1)));
        assert_eq!(parse("nats-server: v2.16.0-RC.1"), Some(Version(2, 16, 0)));
        assert_eq!(parse("something else"), None);
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(Version(2, 15, 1) < Version(2, 100, 0));
    }
}
