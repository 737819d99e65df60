//! Comments on their way through prost, which would rewrite what is safe already.

use prost_reflect::prost_types::source_code_info::Location;

use crate::emit::docs;

/// Marks the start of a line, so that its indentation stays.
const START: &str = "\u{e003}";

/// Characters that prost escapes, and what stands for them meanwhile: private-use, so no comment means them.
const STAND_INS: &[(&str, &str)] = &[("[", "\u{e000}"), ("]", "\u{e001}"), ("http", "\u{e002}")];

/// Makes the comments of a location safe for rustdoc, and opaque for prost.
pub(super) fn neutral(location: &Location) -> Location {
    Location {
        path: location.path.clone(),
        span: Vec::new(),
        leading_comments: location.leading_comments.as_deref().map(opaque),
        trailing_comments: location.trailing_comments.as_deref().map(opaque),
        leading_detached_comments: Vec::new(),
    }
}

fn opaque(comment: &str) -> String {
    let lines = docs::lines(comment).into_iter().map(|line| match line.as_str() {
        "" => line,
        _ => format!(" {START}{line}"),
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    STAND_INS.iter().fold(text, |text, (real, stand_in)| text.replace(real, stand_in))
}

/// Puts back what [`neutral`] replaced.
pub(super) fn restored(text: &str) -> String {
    STAND_INS
        .iter()
        .fold(text.replace(START, ""), |text, (real, stand_in)| text.replace(stand_in, real))
}
