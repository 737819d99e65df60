//! What the terminal shows.

use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Style, Stylize as _};
use ratatui::text::Line;
use ratatui::widgets::{RenderDirection, Row as Cells, Sparkline, Table, TableState};
use ratatui::{DefaultTerminal, Frame};

use super::rates::{Order, Rates, Row};
use crate::duration;

/// Names of the columns.
pub(super) const HEAD: [&str; 7] =
    ["service", "endpoint", "instances", "calls/s", "errors/s", "mean", "last error"];

const WIDTHS: [Constraint; 7] = [
    Constraint::Max(20),
    Constraint::Max(20),
    Constraint::Length(12),
    Constraint::Length(8),
    Constraint::Length(8),
    Constraint::Length(8),
    Constraint::Fill(1),
];

/// The terminal, until it is dropped.
#[derive(Debug)]
pub(super) struct Screen {
    terminal: DefaultTerminal,
    at: TableState,
}

impl Screen {
    /// Takes the terminal over.
    pub(super) fn open() -> anyhow::Result<Self> {
        Ok(Self { terminal: ratatui::try_init()?, at: TableState::default() })
    }

    /// Moves the view, within so many lines.
    pub(super) fn scroll(&mut self, lines: i16, of: usize) {
        let to = self.at.offset().saturating_add_signed(lines.into());
        *self.at.offset_mut() = to.min(of.saturating_sub(1));
    }

    /// Draws everything.
    pub(super) fn draw(&mut self, rates: &Rates) -> anyhow::Result<()> {
        let Self { terminal, at } = self;
        terminal.draw(|frame| draw(frame, rates, at))?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

fn draw(frame: &mut Frame<'_>, rates: &Rates, at: &mut TableState) {
    let areas = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(3),
        Constraint::Fill(1),
        Constraint::Length(1),
    ]);
    let [title, chart, table, help] = areas.areas(frame.area());
    frame.render_widget(Line::from(format!("{:.0} calls/s", rates.calls())).bold(), title);
    let history =
        Sparkline::default().data(rates.history()).direction(RenderDirection::RightToLeft);
    frame.render_widget(history.cyan(), chart);
    let sorted = match rates.order() {
        Order::Calls => "calls/s",
        Order::Errors => "errors/s",
        Order::Mean => "mean",
        Order::Name => "service",
    };
    let head = HEAD.map(|name| if name == sorted { name.underlined() } else { name.into() });
    let rows = rates.rows().iter().map(|row| {
        let style = if row.errors > 0.0 { Style::new().red() } else { Style::new() };
        Cells::new(cells(row)).style(style)
    });
    let rows = Table::new(rows, WIDTHS).header(Cells::new(head).bold()).column_spacing(2);
    frame.render_stateful_widget(rows, table, at);
    frame.render_widget(Line::from("q quit  s sort  arrows scroll").dim(), help);
}

/// What a row says in each column.
pub(super) fn cells(row: &Row) -> [String; 7] {
    let Row { service, endpoint, instances, schemas, calls, errors, mean, last_error } = row;
    let instances = match schemas {
        0 | 1 => instances.to_string(),
        schemas => format!("{instances}, {schemas} schemas"),
    };
    [
        service.clone(),
        endpoint.clone(),
        instances,
        format!("{calls:.1}"),
        format!("{errors:.1}"),
        mean.map_or_else(|| "-".to_owned(), duration::short),
        last_error.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use tokio::time::Instant;

    use super::*;
    use crate::discovery::{Endpoint, Instance};

    #[test]
    fn a_screen_shows_the_busiest_endpoint_first() {
        let mut rates = Rates::default();
        let start = Instant::now();
        rates.look(&instances(0), start);
        rates.look(&instances(1), start + Duration::from_secs(1));
        let mut terminal = Terminal::new(TestBackend::new(120, 10)).expect("a terminal");
        let mut at = TableState::default();
        terminal.draw(|frame| draw(frame, &rates, &mut at)).expect("drawn");
        let lines: Vec<_> = terminal.backend().to_string().lines().map(str::to_owned).collect();
        let found = |word: &str| lines.iter().position(|line| line.contains(word));
        assert!(found("330 calls/s").is_some(), "{lines:#?}");
        assert!(found("Feed") < found("Look"), "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains("404:no such animal")), "{lines:#?}");
    }

    /// What is counted after some seconds.
    fn instances(seconds: u64) -> Vec<Instance> {
        let endpoint = |name: &str, rate: u64, last_error: &str| Endpoint {
            name: name.to_owned(),
            subject: String::new(),
            num_requests: seconds * rate,
            num_errors: 0,
            processing_time: 0,
            average_processing_time: 0,
            last_error: last_error.to_owned(),
        };
        vec![Instance {
            name: "Zoo".to_owned(),
            id: "1".to_owned(),
            version: "1.0.0".to_owned(),
            metadata: std::collections::BTreeMap::new(),
            endpoints: vec![endpoint("Look", 30, ""), endpoint("Feed", 300, "404:no such animal")],
        }]
    }
}
