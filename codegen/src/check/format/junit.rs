//! A test suite for each file and a failed test for each violation.

use std::fmt::Write as _;

use super::Line;
use crate::check::violation::Span;

pub(super) fn render(lines: &[Line<'_>]) -> String {
    let mut xml = String::from("<testsuites>\n");
    for suite in lines.chunk_by(|a, b| a.path == b.path) {
        let name = suite[0].shown();
        let name = escape(name.strip_suffix(".proto").unwrap_or(name));
        let count = suite.len();
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{name}\" tests=\"{count}\" failures=\"{count}\" errors=\"0\">"
        );
        for line in suite {
            let rule = line.violation.rule;
            let Span { start_line, start_column, .. } = line.place;
            let case = match line.path {
                Some(_) => format!("{rule}_{start_line}_{start_column}"),
                None => rule.to_owned(),
            };
            let _ = write!(
                xml,
                "    <testcase name=\"{case}\">\n      <failure message=\"{}\" type=\"{rule}\"></failure>\n    \
                 </testcase>\n",
                escape(&line.short())
            );
        }
        xml.push_str("  </testsuite>\n");
    }
    xml + "</testsuites>\n"
}

/// Text inside an attribute, as Go writes it.
fn escape(text: &str) -> String {
    let mut xml = String::new();
    for char in text.chars() {
        match char {
            '"' => xml.push_str("&#34;"),
            '\'' => xml.push_str("&#39;"),
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\t' => xml.push_str("&#x9;"),
            '\n' => xml.push_str("&#xA;"),
            '\r' => xml.push_str("&#xD;"),
            char => xml.push(char),
        }
    }
    xml
}
