//! Types that generated code can't name, because the code of their package is neither generated nor somewhere else.

use super::Context;
use crate::diagnostic::Finding;

/// In no table of rules, because schemas don't say what is generated elsewhere.
const RULE: &str = "PACKAGE_PLACED";

/// Finds each place that asks for such a type.
pub(super) fn findings(context: &Context<'_>) -> Vec<Finding> {
    let survey = &context.schema.survey;
    let uses = context.packages().flat_map(|package| survey.uses(&package.name));
    let unplaced = uses.filter(|used| !context.knows(used.package));
    let finding = |used| {
        let place = survey.place_of(&used);
        let text = format!(
            "no code is generated for package `{}`, which declares `{}`",
            used.package, used.name
        );
        Finding::new(RULE, text, place).help("say where its code is in `Settings::externs`, or use a type of a package that is generated")
    };
    unplaced.map(finding).collect()
}
