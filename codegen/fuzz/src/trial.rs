//! Everything that is done with one input.

use std::fmt::Debug;
use std::thread;

use bodybroker_codegen::check::breaking::{self, breaking};
use bodybroker_codegen::check::config::{Breaking, Config, Selection};
use bodybroker_codegen::check::format::{FORMATS, Source, render};
use bodybroker_codegen::check::image::Image;
use bodybroker_codegen::check::lint::{self, lint};
use bodybroker_codegen::check::violation::{Violation, of_findings};
use bodybroker_codegen::emit::{Settings, emit};
use bodybroker_codegen::{Findings, Schema, load_text};

use crate::input::{Input, Schemas};

/// Stack of the thread that tries: what threads have where nobody asks for more, and a quarter of a main thread's.
const STACK_BYTES: usize = 2 << 20;

/// Tries an input with a stack of a known size. A panic ends the process.
pub(crate) fn bounded(input: Input) {
    let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || run(&input));
    if thread.expect("a thread starts").join().is_err() {
        std::process::exit(101);
    }
}

fn run(Input { old, new }: &Input) {
    let (before, after) = (image(old), image(new));
    for (image, schemas) in [(&before, old), (&after, new)] {
        if let Some(image) = image {
            let mut config = Config::default();
            config.lint.selection = all(lint::RULES.iter().map(|rule| rule.id));
            print(&lint(image, &config).expect("these rules are there"), schemas);
        }
        generate(schemas);
    }
    let (Some(before), Some(after)) = (&before, &after) else { return };
    let selection = all(breaking::RULES.iter().map(|rule| rule.id));
    let config = Breaking { selection, ..Breaking::default() };
    for (before, after, schemas) in [(before, after, new), (after, before, old)] {
        print(&breaking(before, after, &config).expect("these rules are there"), schemas);
    }
}

fn all(rules: impl Iterator<Item = &'static str>) -> Selection {
    Selection { use_: rules.map(str::to_owned).collect(), ..Selection::default() }
}

fn image(schemas: &Schemas) -> Option<Image> {
    let image = match schemas {
        Schemas::Texts(texts) => Image::of_texts(texts.clone()),
        Schemas::Set(bytes) => Image::of_descriptor_set(bytes),
    };
    let findings = match image {
        Ok(image) => return Some(image),
        Err(findings) => findings,
    };
    refused(&findings);
    if let Some(violations) = of_findings(&findings) {
        print(&violations, schemas);
    }
    None
}

/// Generates code of texts, or says why not.
fn generate(schemas: &Schemas) {
    let Schemas::Texts(texts) = schemas else { return };
    let input = bodybroker_codegen::Input::new("").strip_prefix("bodybroker");
    match load_text(&input, texts.clone()) {
        Ok(schema) => written(&schema),
        Err(findings) => refused(&findings),
    }
}

/// Writes code. Prost refuses nothing that the rules let pass; a type whose code is nowhere is refused by its place.
fn written(schema: &Schema) {
    let Err(findings) = emit(schema, &Settings::modules("crate")) else { return };
    assert!(findings.iter().all(|finding| finding.rule == "PACKAGE_PLACED"), "{findings}");
    refused(&findings);
}

/// Whatever is refused is refused for a reason that can be shown.
fn refused(findings: &Findings) {
    shown(findings, !findings.is_empty());
    shown(findings, !findings.to_string().is_empty());
    shown(findings, !findings.render(80, false).is_empty());
}

/// Prints violations in every format.
fn print(violations: &[Violation], schemas: &Schemas) {
    let text = |name: &str| match schemas {
        Schemas::Texts(texts) => texts.get(name).cloned(),
        Schemas::Set(_) => None,
    };
    let source = Source { folder: "proto", text: &text };
    for (_, format) in FORMATS {
        let text = render(*format, violations, &source);
        shown(&violations, violations.is_empty() || !text.is_empty());
    }
}

fn shown(what: &impl Debug, shown: bool) {
    assert!(shown, "{what:?} shows nothing");
}
