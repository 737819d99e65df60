//! What came of the faults, as a table.

use std::fmt::{self, Write as _};
use std::time::Duration;

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;

use crate::fault::Fault;
use crate::outcome::Outcome;

/// What came of the faults.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<(&'static str, Outcome)>,
}

impl Report {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what came of a fault; returns it in words.
    pub fn add(&mut self, fault: &Fault, outcome: Outcome) -> String {
        let mut words = format!(
            "  sent {}, acknowledged {}, refused {}, failed {}, unknown {}, lost {}, duplicated {}\n",
            outcome.sent,
            outcome.acknowledged,
            outcome.refused,
            outcome.failed,
            outcome.unknown,
            outcome.lost,
            outcome.duplicated
        );
        for note in &outcome.notes {
            let _ = writeln!(words, "  {note}");
        }
        for broken in &outcome.broken {
            let _ = writeln!(words, "  BROKEN: {broken}");
        }
        self.lines.push((fault.name, outcome));
        words
    }

    /// Whether every promise was kept.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.lines.iter().all(|(_, outcome)| outcome.is_kept())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(ASCII_MARKDOWN).set_header([
            "fault",
            "operations",
            "acknowledged",
            "refused",
            "failed",
            "unknown",
            "lost",
            "duplicated",
            "recovery",
            "verdict",
        ]);
        for (name, outcome) in &self.lines {
            let counts = [
                outcome.sent,
                outcome.acknowledged,
                outcome.refused,
                outcome.failed,
                outcome.unknown,
                outcome.lost,
                outcome.duplicated,
            ];
            let mut cells = vec![(*name).to_owned()];
            cells.extend(counts.iter().map(usize::to_string));
            cells.push(outcome.recovery.map_or_else(|| "-".to_owned(), seconds));
            cells.push(if outcome.is_kept() { "kept" } else { "BROKEN" }.to_owned());
            table.add_row(cells);
        }
        write!(f, "{table}")
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
