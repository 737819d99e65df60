//! The report as text.

use std::fmt;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

use super::verdict::Limit;
use super::{Line, Report};
use crate::cell::{Shape, find};
use crate::plan::base;
use crate::ratio::Ratio;

/// Writes every table.
pub(super) fn write(report: &Report, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for lines in report.lines.chunk_by(|a, b| (a.shape, a.concurrency) == (b.shape, b.concurrency))
    {
        let Some(Line { shape, concurrency, .. }) = lines.first() else { continue };
        let base = base(*shape);
        match shape {
            Shape::Unary => writeln!(f, "\nOne call, {concurrency} at a time (ratios to {base})")?,
            Shape::Stream => writeln!(
                f,
                "\n1 000 frames a call, {concurrency} streams at a time (ratios to {base})"
            )?,
        }
        writeln!(f, "{}", figures(lines, *shape))?;
        for line in lines.iter().filter(|line| line.failures > 0) {
            let why = line.failure.as_deref().unwrap_or_default();
            writeln!(f, "{}: {} calls FAILED, the first with: {why}", line.cell, line.failures)?;
        }
    }
    if !report.counts().is_empty() {
        writeln!(
            f,
            "\nCounted for one call (allocations by the allocator, system calls by perf, instructions by valgrind)"
        )?;
        writeln!(f, "{}", counts(report))?;
        for missing in report
            .counts()
            .iter()
            .flat_map(|counts| counts.missing.iter().map(|why| (counts.cell, why)))
        {
            writeln!(f, "{}: not counted, {}", missing.0, missing.1)?;
        }
    }
    if !report.verdicts.is_empty() {
        writeln!(f, "\nTargets")?;
        writeln!(f, "{}", verdicts(report))?;
    }
    for (cell, why) in &report.outcome.absent {
        writeln!(f, "{cell} is absent: {why}")?;
    }
    Ok(())
}

fn figures(lines: &[Line], shape: Shape) -> Table {
    let mut header =
        vec!["cell", "calls/s", "ratio", "p50 us", "p99 us", "CPU s/100k", "CPU ratio"];
    if shape == Shape::Stream {
        header.extend(["frames/s", "first p50 us"]);
    }
    header.push("what");
    let mut table = table(header);
    for line in lines {
        let mut row = vec![
            line.cell.to_owned(),
            format!("{:.0}", line.calls_per_s),
            against_base(line, line.ratio.as_ref()),
            format!("{:.0}", line.p50_us),
            format!("{:.0}", line.p99_us),
            format!("{:.2}", line.cpu_100k_s),
            against_base(line, line.cpu_ratio.as_ref()),
        ];
        if shape == Shape::Stream {
            row.push(count(line.frames_per_s));
            row.push(count(line.first_p50_us));
        }
        row.push(find(line.cell).map_or_else(String::new, |cell| cell.about.to_owned()));
        table.add_row(row);
    }
    align(table, 1)
}

fn counts(report: &Report) -> Table {
    let mut table = table(vec![
        "cell",
        "at a time",
        "client allocs",
        "server allocs",
        "client syscalls",
        "server syscalls",
        "client instrs",
        "server instrs",
    ]);
    for counts in report.counts() {
        table.add_row(vec![
            counts.cell.to_owned(),
            counts.concurrency.to_string(),
            some(counts.client_allocations),
            some(counts.server_allocations),
            some(counts.client_system_calls),
            some(counts.server_system_calls),
            count(counts.client_instructions),
            count(counts.server_instructions),
        ]);
    }
    align(table, 1)
}

fn verdicts(report: &Report) -> Table {
    let mut table = table(vec!["target", "at a time", "wanted", "measured", "verdict"]);
    for verdict in &report.verdicts {
        table.add_row(vec![
            verdict.what.clone(),
            verdict.concurrency.to_string(),
            match verdict.limit {
                Limit::AtLeast(limit) => format!(">= {limit:.2}"),
                Limit::AtMost(limit) => format!("<= {limit:.2}"),
            },
            ratio(&verdict.ratio),
            if verdict.met { "met".to_owned() } else { "NOT MET".to_owned() },
        ]);
    }
    align(table, 1)
}

fn table(header: Vec<&'static str>) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header);
    table
}

fn align(mut table: Table, from: usize) -> Table {
    let columns = table.column_count();
    for column in table.column_iter_mut().take(columns - 1).skip(from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn against_base(line: &Line, against: Option<&Ratio>) -> String {
    let itself = if line.cell == base(line.shape) { "1" } else { "-" };
    against.map_or_else(|| itself.to_owned(), ratio)
}

fn ratio(ratio: &Ratio) -> String {
    format!("{:.2} [{:.2}..{:.2}]", ratio.median, ratio.min, ratio.max)
}

fn count(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.0}"))
}

fn some(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}
