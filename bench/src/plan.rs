//! What is measured, and how long.

use std::time::Duration;

use serde::Serialize;

use crate::cell::{BASE, CELLS, Cell, STREAM_BASE, Shape, find};

/// A measurement to be conducted.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The cells, each once, the bases among them.
    pub cells: Vec<&'static Cell>,
    /// Calls outstanding at a time, for unary cells.
    pub concurrency: Vec<usize>,
    /// Streams open at a time.
    pub streams: Vec<usize>,
    /// Rounds of each cell at each concurrency, each with processes that were started for it.
    pub rounds: usize,
    /// Length of a round.
    pub round: Duration,
    /// Whether allocations and system calls are counted.
    pub counts: bool,
    /// Whether instructions are counted, under `valgrind`.
    pub instructions: bool,
}

/// How thorough a measurement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Effort {
    /// Seconds: tells whether all works, and the rough figures.
    Quick,
    /// Minutes: figures to judge by.
    Full,
}

impl Plan {
    /// Plans every cell.
    #[must_use]
    pub fn new(effort: Effort) -> Self {
        let (concurrency, streams, rounds, millis) = match effort {
            Effort::Quick => (vec![1, 64], vec![1, 16], 3, 250),
            Effort::Full => (vec![1, 16, 64, 256], vec![1, 16, 64], 9, 500),
        };
        Self {
            cells: CELLS.iter().collect(),
            concurrency,
            streams,
            rounds,
            round: Duration::from_millis(millis),
            counts: true,
            instructions: false,
        }
    }

    /// Keeps only the named cells, and those that they are compared with.
    pub fn only(&mut self, names: &[String]) -> anyhow::Result<()> {
        for name in names {
            let known = CELLS.iter().map(|cell| cell.name).collect::<Vec<_>>().join(", ");
            anyhow::ensure!(find(name).is_some(), "no cell is called `{name}`; there are {known}");
        }
        let wanted = |cell: &Cell| names.iter().any(|name| name == cell.name);
        let others: Vec<&str> = CELLS
            .iter()
            .filter(|cell| wanted(cell))
            .flat_map(|cell| cell.beside.into_iter().chain([base(cell.shape)]))
            .collect();
        self.cells.retain(|cell| wanted(cell) || others.contains(&cell.name));
        Ok(())
    }

    /// Concurrencies of a shape.
    #[must_use]
    pub fn concurrency(&self, shape: Shape) -> &[usize] {
        match shape {
            Shape::Unary => &self.concurrency,
            Shape::Stream => &self.streams,
        }
    }
}

/// The cell that others of its shape are compared with.
#[must_use]
pub fn base(shape: Shape) -> &'static str {
    match shape {
        Shape::Unary => BASE,
        Shape::Stream => STREAM_BASE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_brings_along_what_it_is_compared_with() {
        let mut plan = Plan::new(Effort::Quick);
        plan.only(&["bare".into()]).unwrap();
        assert_eq!(plan.cells.iter().map(|cell| cell.name).collect::<Vec<_>>(), ["bare", BASE]);
        let mut plan = Plan::new(Effort::Quick);
        plan.only(&["ours-layers".into()]).unwrap();
        assert_eq!(
            plan.cells.iter().map(|cell| cell.name).collect::<Vec<_>>(),
            [BASE, "ours", "ours-layers"]
        );
        let error = plan.only(&["bear".into()]).unwrap_err().to_string();
        assert!(error.starts_with("no cell is called `bear`; there are bare, "), "{error}");
    }
}
