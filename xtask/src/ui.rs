//! The terminal: the one place that prints.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use indicatif::{ProgressBar, ProgressStyle};

/// Whether nobody reads standard output any more.
static UNREAD: AtomicBool = AtomicBool::new(false);

/// Prints a line on standard output. Who reads it may have had enough, as `head` has: that is no failure.
pub(crate) fn say(line: impl Display) {
    if writeln!(stdout(), "{line}").is_err() {
        UNREAD.store(true, Ordering::Relaxed);
    }
}

/// Whether somebody still reads what is said: else what has no end may end.
pub(crate) fn is_read() -> bool {
    !UNREAD.load(Ordering::Relaxed)
}

/// Prints a line on standard error: progress, which is no part of the answer.
pub(crate) fn note(line: impl Display) {
    eprintln!("{line}");
}

/// Prints an error with its causes.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

/// Shows that something goes on; nothing where nobody watches.
pub(crate) fn spinner(text: impl Into<Cow<'static, str>>) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(text);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}

/// Starts a table with a head and no lines.
pub(crate) fn table<const N: usize>(head: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(head.map(|title| bold(&title.to_uppercase())));
    table
}

/// Emphasises text, on a terminal.
pub(crate) fn bold(text: &str) -> String {
    paint("1", text)
}

/// Plays text down, on a terminal.
pub(crate) fn dim(text: &str) -> String {
    paint("2", text)
}

/// Colours text as good, on a terminal.
pub(crate) fn green(text: &str) -> String {
    paint("32", text)
}

fn paint(style: &str, text: &str) -> String {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if plain || !stdout().is_terminal() {
        return text.to_owned();
    }
    format!("\u{1b}[{style}m{text}\u{1b}[0m")
}
