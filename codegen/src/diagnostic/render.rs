//! Findings as people read them: the lines of the schema, carets and help.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
};

use super::{Finding, Findings, Label, floor};

impl Findings {
    /// Draws every finding with its lines and carets, `width` columns wide, in colour or not.
    #[must_use]
    pub fn render(&self, width: usize, colour: bool) -> String {
        let theme =
            if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(width)
            .with_context_lines(1)
            .with_links(false);
        let mut text = String::new();
        for finding in self {
            // Writing to a string can't fail.
            let _ = handler.render_report(&mut text, &Report::new(self, finding));
            text.push('\n');
        }
        let count = self.len();
        let noun = if count == 1 { "mistake" } else { "mistakes" };
        text + &format!("{count} {noun} in the schemas; nothing was written\n")
    }
}

/// One finding beside the text it is about.
#[derive(Debug)]
struct Report {
    rule: &'static str,
    message: String,
    help: Option<String>,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
    elsewhere: Vec<Elsewhere>,
}

impl Report {
    fn new(findings: &Findings, finding: &Finding) -> Self {
        let Finding { rule, message, help, label, related } = finding;
        let (here, there): (Vec<_>, Vec<_>) =
            related.iter().partition(|other| other.file == label.file);
        let mut labels = vec![span(findings, label, true)];
        labels.extend(here.into_iter().map(|label| span(findings, label, false)));
        Self {
            rule,
            message: message.clone(),
            help: help.clone(),
            source: source(findings, label),
            labels,
            elsewhere: there.into_iter().map(|label| Elsewhere::new(findings, label)).collect(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.rule))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        if self.elsewhere.is_empty() {
            return None;
        }
        Some(Box::new(self.elsewhere.iter().map(|other| other as &dyn Diagnostic)))
    }
}

/// A related place in another file.
#[derive(Debug)]
struct Elsewhere {
    source: Option<NamedSource<String>>,
    label: LabeledSpan,
}

impl Elsewhere {
    fn new(findings: &Findings, label: &Label) -> Self {
        Self { source: source(findings, label), label: span(findings, label, true) }
    }
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("see also")
    }
}

impl std::error::Error for Elsewhere {}

impl Diagnostic for Elsewhere {
    fn severity(&self) -> Option<miette::Severity> {
        Some(miette::Severity::Advice)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(self.label.clone())))
    }
}

fn source(findings: &Findings, label: &Label) -> Option<NamedSource<String>> {
    let text = findings.sources.get(&label.file)?;
    Some(NamedSource::new(&label.file, text.to_string()))
}

fn span(findings: &Findings, label: &Label, primary: bool) -> LabeledSpan {
    let text = findings.sources.get(&label.file).map_or("", |text| &**text);
    let start = floor(text, label.span.start);
    let end = floor(text, label.span.end).max(start);
    let span = (start, end - start);
    if primary {
        LabeledSpan::new_primary_with_span(Some(label.text.clone()), span)
    } else {
        LabeledSpan::new_with_span(Some(label.text.clone()), span)
    }
}
