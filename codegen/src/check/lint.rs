//! Rules of good schemas: buf's, and those of what only we know. One file a rule, one line in [`RULES`].

mod annotated;
mod cases;
mod ignore;
mod imports;
mod nodes;
mod report;
mod rule;

use super::config::{Config, ConfigError};
use super::page;
use super::violation::{Violation, sort};
use crate::schema::image::Image;

use annotated::Annotated;
use nodes::{Enum, EnumValue, Field, File, Import, Message, Method, Oneof, Service};
use report::Report;

/// Rules of `MINIMAL` are in `BASIC` too, and those of `BASIC` in `STANDARD`.
const MINIMAL: &[&str] = &["MINIMAL", "BASIC", "STANDARD"];
const BASIC: &[&str] = &["BASIC", "STANDARD"];
const STANDARD: &[&str] = &["STANDARD"];
const COMMENTS: &[&str] = &["COMMENTS"];
const UNARY_RPC: &[&str] = &["UNARY_RPC"];
/// Rules that only we have, of what schemas say about NATS. They judge annotated files only.
const NATS: &[&str] = &["NATS"];

/// Rules of buf that a `buf.yaml` may name and that judge nothing here: one of them is empty since long, the other
/// judges options of a library that nobody here uses.
const ELSEWHERE: &[(&str, &[&str], bool)] =
    &[("IMPORT_NO_WEAK", &[], false), ("PROTOVALIDATE", STANDARD, false)];

/// Every rule. A rule that nobody lists fails a test.
pub const RULES: &[Rule] = &[
    rule::comment_enum::RULE,
    rule::comment_enum_value::RULE,
    rule::comment_field::RULE,
    rule::comment_message::RULE,
    rule::comment_oneof::RULE,
    rule::comment_rpc::RULE,
    rule::comment_service::RULE,
    rule::directory_same_package::RULE,
    rule::enum_first_value_zero::RULE,
    rule::enum_no_allow_alias::RULE,
    rule::enum_pascal_case::RULE,
    rule::enum_value_prefix::RULE,
    rule::enum_value_upper_snake_case::RULE,
    rule::enum_zero_meaning::RULE,
    rule::enum_zero_value_suffix::RULE,
    rule::event_key::RULE,
    rule::field_lower_snake_case::RULE,
    rule::field_not_required::RULE,
    rule::file_lower_snake_case::RULE,
    rule::import_no_public::RULE,
    rule::import_used::RULE,
    rule::message_pascal_case::RULE,
    rule::method_idempotency::RULE,
    rule::method_timeout::RULE,
    rule::money_float::RULE,
    rule::oneof_lower_snake_case::RULE,
    rule::package_defined::RULE,
    rule::package_directory_match::RULE,
    rule::package_lower_snake_case::RULE,
    rule::package_no_import_cycle::RULE,
    rule::package_same_csharp_namespace::RULE,
    rule::package_same_directory::RULE,
    rule::package_same_go_package::RULE,
    rule::package_same_java_multiple_files::RULE,
    rule::package_same_java_package::RULE,
    rule::package_same_php_namespace::RULE,
    rule::package_same_ruby_package::RULE,
    rule::package_same_swift_prefix::RULE,
    rule::package_version_suffix::RULE,
    rule::rpc_no_client_streaming::RULE,
    rule::rpc_no_server_streaming::RULE,
    rule::rpc_pascal_case::RULE,
    rule::rpc_request_response_unique::RULE,
    rule::rpc_request_standard_name::RULE,
    rule::rpc_response_standard_name::RULE,
    rule::secret_sensitive::RULE,
    rule::service_pascal_case::RULE,
    rule::service_suffix::RULE,
    rule::stable_package_no_import_unstable::RULE,
    rule::stream_response_unique::RULE,
    rule::subject_convention::RULE,
    rule::syntax_specified::RULE,
];

/// A rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Name, such as `ENUM_PASCAL_CASE`.
    pub id: &'static str,
    /// Categories that it is in.
    pub categories: &'static [&'static str],
    /// Text of the file that holds it; see [`Rule::page`].
    source: &'static str,
    check: Check,
}

/// What a rule looks at, one by one. The way to them is the same for all.
#[derive(Debug, Clone, Copy)]
enum Check {
    Annotated(fn(&Annotated<'_>, &mut Report<'_>)),
    Files(fn(&[File<'_>], &mut Report<'_>)),
    Package(fn(&str, &[&File<'_>], &mut Report<'_>)),
    File(fn(&File<'_>, &mut Report<'_>)),
    Import(fn(&Import<'_>, &mut Report<'_>)),
    Enum(fn(&Enum<'_>, &mut Report<'_>)),
    EnumValue(fn(&EnumValue<'_>, &mut Report<'_>)),
    Message(fn(&Message<'_>, &mut Report<'_>)),
    Field(fn(&Field<'_>, &mut Report<'_>)),
    Oneof(fn(&Oneof<'_>, &mut Report<'_>)),
    Service(fn(&Service<'_>, &mut Report<'_>)),
    Method(fn(&Method<'_>, &mut Report<'_>)),
}

impl Rule {
    /// Tells whether the rule judges where nobody has chosen.
    #[must_use]
    pub fn default(&self) -> bool {
        self.categories.contains(&"STANDARD") || self.categories.contains(&"NATS")
    }

    /// What the rule keeps, why, and what to do: the comment at the top of its file.
    #[must_use]
    pub fn page(&self) -> String {
        page::page(self.source)
    }

    /// What to do, from the page.
    fn fix(&self) -> String {
        page::fix(self.source)
    }
}

/// Names, categories and defaults, as [`Selection::choose`](super::config::Selection::choose) reads them.
fn table() -> Vec<(&'static str, &'static [&'static str], bool)> {
    let rules = RULES.iter().map(|rule| (rule.id, rule.categories, rule.default()));
    rules.chain(ELSEWHERE.iter().copied()).collect()
}

/// Lets every rule that is chosen judge, and leaves out what is to be ignored.
pub fn lint(image: &Image, config: &Config) -> Result<Vec<Violation>, ConfigError> {
    let chosen = config.lint.selection.choose(&table())?;
    let files: Vec<_> = image.own_files().map(|file| File::new(image, file)).collect();
    let annotated = Annotated::new(image, &files);
    let mut violations = Vec::new();
    for rule in RULES.iter().filter(|rule| chosen.contains(rule.id)) {
        let mut report = Report::new(rule, &config.lint);
        run(rule.check, &files, &annotated, &mut report);
        violations.extend(report.end());
    }
    sort(&mut violations);
    Ok(violations)
}

/// Takes a rule to everything that it looks at.
fn run(check: Check, files: &[File<'_>], annotated: &Annotated<'_>, report: &mut Report<'_>) {
    match check {
        Check::Annotated(check) => check(annotated, report),
        Check::Files(check) => check(files, report),
        Check::Package(check) => {
            for (package, files) in nodes::packages(files) {
                check(package, &files, report);
            }
        }
        Check::File(check) => files.iter().for_each(|file| check(file, report)),
        Check::Import(check) => each(files, File::imports, check, report),
        Check::Enum(check) => each(files, File::enums, check, report),
        Check::EnumValue(check) => each(files, File::enum_values, check, report),
        Check::Message(check) => each(files, File::messages, check, report),
        Check::Field(check) => each(files, File::fields, check, report),
        Check::Oneof(check) => each(files, File::oneofs, check, report),
        Check::Service(check) => each(files, File::services, check, report),
        Check::Method(check) => each(files, File::methods, check, report),
    }
}

fn each<'a, N>(
    files: &'a [File<'a>],
    nodes: fn(&'a File<'a>) -> Vec<N>,
    check: fn(&N, &mut Report<'_>),
    report: &mut Report<'_>,
) {
    for file in files {
        for node in nodes(file) {
            check(&node, report);
        }
    }
}

#[cfg(test)]
mod tests;
