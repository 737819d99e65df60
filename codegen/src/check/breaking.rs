//! What a change of schemas breaks. One file a rule, one line in [`RULES`]; matching old with new is written once, in
//! `pair.rs`. What `buf` does is the specification, its words and oddities included.

mod affected;
mod cardinality;
mod default;
mod deletion;
mod element;
mod file;
mod kind;
mod number;
mod pair;
mod quote;
mod range;
mod report;
mod rule;
mod running;
mod stored;
mod tree;
mod unique;

use std::collections::BTreeSet;

use super::config::{Breaking, ConfigError};
use super::image::Image;
use super::page;
use super::version::{Stability, stability};
use super::violation::{self, Violation};

use affected::Affected;
use pair::Pairs;
use report::{Found, Report};
use running::Running;
use stored::Stored;
use tree::{Enum, Field, File, Message, Method, Service, Tree};

/// Generated code stays as it is, file by file.
const FILE: &str = "FILE";
/// Generated code stays as it is, package by package.
const PACKAGE: &str = "PACKAGE";
/// Bytes and JSON can be read on both sides.
const WIRE_JSON: &str = "WIRE_JSON";
/// Bytes can be read on both sides.
const WIRE: &str = "WIRE";

/// What runs goes on while both versions are there. Only for annotated schemas; `buf` has nothing like it.
const NATS: &str = "NATS";

/// Every category.
pub const CATEGORIES: &[&str] = &[FILE, PACKAGE, WIRE_JSON, WIRE, NATS];

/// Every rule.
pub const RULES: &[Rule] = &[
    rule::bucket_history_no_reduce::RULE,
    rule::bucket_no_delete::RULE,
    rule::bucket_replicas_no_reduce::RULE,
    rule::bucket_same_storage::RULE,
    rule::bucket_same_value::RULE,
    rule::bucket_ttl_no_shorten::RULE,
    rule::bucket_unique_no_add::RULE,
    rule::bucket_unique_no_delete::RULE,
    rule::bucket_version_no_delete::RULE,
    rule::bucket_version_no_reduce::RULE,
    rule::bucket_wire_compatible_value::RULE,
    rule::bucket_writes_known_version::RULE,
    rule::enum_no_delete::RULE,
    rule::enum_same_json_format::RULE,
    rule::enum_same_type::RULE,
    rule::enum_value_no_delete::RULE,
    rule::enum_value_no_delete_unless_name_reserved::RULE,
    rule::enum_value_no_delete_unless_number_reserved::RULE,
    rule::enum_value_same_name::RULE,
    rule::event_no_delete::RULE,
    rule::event_same_bucket::RULE,
    rule::event_same_stream::RULE,
    rule::event_same_subject::RULE,
    rule::event_same_subject_parameters::RULE,
    rule::event_wire_compatible_message::RULE,
    rule::extension_message_no_delete::RULE,
    rule::extension_no_delete::RULE,
    rule::field_no_delete::RULE,
    rule::field_no_delete_unless_name_reserved::RULE,
    rule::field_no_delete_unless_number_reserved::RULE,
    rule::field_same_cardinality::RULE,
    rule::field_same_cpp_string_type::RULE,
    rule::field_same_default::RULE,
    rule::field_same_java_utf8_validation::RULE,
    rule::field_same_json_name::RULE,
    rule::field_same_jstype::RULE,
    rule::field_same_name::RULE,
    rule::field_same_oneof::RULE,
    rule::field_same_type::RULE,
    rule::field_same_utf8_validation::RULE,
    rule::field_sensitive_no_add::RULE,
    rule::field_sensitive_no_delete::RULE,
    rule::field_wire_compatible_cardinality::RULE,
    rule::field_wire_compatible_type::RULE,
    rule::field_wire_json_compatible_cardinality::RULE,
    rule::field_wire_json_compatible_type::RULE,
    rule::file_no_delete::RULE,
    rule::file_same_cc_enable_arenas::RULE,
    rule::file_same_cc_generic_services::RULE,
    rule::file_same_csharp_namespace::RULE,
    rule::file_same_go_package::RULE,
    rule::file_same_java_generic_services::RULE,
    rule::file_same_java_multiple_files::RULE,
    rule::file_same_java_outer_classname::RULE,
    rule::file_same_java_package::RULE,
    rule::file_same_objc_class_prefix::RULE,
    rule::file_same_optimize_for::RULE,
    rule::file_same_package::RULE,
    rule::file_same_php_class_prefix::RULE,
    rule::file_same_php_metadata_namespace::RULE,
    rule::file_same_php_namespace::RULE,
    rule::file_same_py_generic_services::RULE,
    rule::file_same_ruby_package::RULE,
    rule::file_same_swift_prefix::RULE,
    rule::file_same_syntax::RULE,
    rule::message_no_delete::RULE,
    rule::message_no_remove_standard_descriptor_accessor::RULE,
    rule::message_same_json_format::RULE,
    rule::message_same_required_fields::RULE,
    rule::method_credit_no_reduce::RULE,
    rule::method_critical_no_delete::RULE,
    rule::method_error_no_delete::RULE,
    rule::method_error_same_details::RULE,
    rule::method_idempotency_no_weaken::RULE,
    rule::method_idempotency_ttl_no_shorten::RULE,
    rule::method_idle_timeout_no_shorten::RULE,
    rule::method_in_flight_no_reduce::RULE,
    rule::method_route_no_delete::RULE,
    rule::method_route_same_body::RULE,
    rule::method_route_same_response_body::RULE,
    rule::method_route_same_variables::RULE,
    rule::method_same_queue_group::RULE,
    rule::method_same_subject::RULE,
    rule::method_same_subject_parameters::RULE,
    rule::method_timeout_no_shorten::RULE,
    rule::oneof_no_delete::RULE,
    rule::package_enum_no_delete::RULE,
    rule::package_extension_no_delete::RULE,
    rule::package_message_no_delete::RULE,
    rule::package_no_delete::RULE,
    rule::package_service_no_delete::RULE,
    rule::reserved_enum_no_delete::RULE,
    rule::reserved_message_no_delete::RULE,
    rule::rpc_no_delete::RULE,
    rule::rpc_same_client_streaming::RULE,
    rule::rpc_same_idempotency_level::RULE,
    rule::rpc_same_request_type::RULE,
    rule::rpc_same_response_type::RULE,
    rule::rpc_same_server_streaming::RULE,
    rule::service_calls_no_delete::RULE,
    rule::service_consumes_no_delete::RULE,
    rule::service_no_delete::RULE,
    rule::stream_duplicate_window_no_shorten::RULE,
    rule::stream_no_delete::RULE,
    rule::stream_replicas_no_reduce::RULE,
    rule::stream_retention_no_shorten::RULE,
    rule::stream_same_storage::RULE,
    rule::stream_subject_no_delete::RULE,
    rule::subject_same_version::RULE,
];

/// A rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Name, such as `FIELD_SAME_TYPE`.
    pub id: &'static str,
    /// Categories that it is in.
    pub categories: &'static [&'static str],
    /// Text of the file that holds it; see [`Rule::page`].
    source: &'static str,
    check: Check,
}

/// What a rule looks at: what was and what is.
#[derive(Debug, Clone, Copy)]
enum Check {
    Trees(fn(&mut Report<'_>)),
    Running(fn(&Running<'_>, &mut Report<'_>)),
    Stored(for<'r> fn(&'r Running<'_>) -> Vec<Stored<'r>>),
    File(fn(&File<'_>, &File<'_>, &mut Report<'_>)),
    Message(fn(&Message<'_>, &Message<'_>, &mut Report<'_>)),
    Field(fn(&Field<'_>, &Field<'_>, &mut Report<'_>)),
    Enum(fn(&Enum<'_>, &Enum<'_>, &mut Report<'_>)),
    Service(fn(&Service<'_>, &Service<'_>, &mut Report<'_>)),
    Method(fn(&Method<'_>, &Method<'_>, &mut Report<'_>)),
}

impl Rule {
    /// Tells whether the rule judges where nobody has chosen.
    #[must_use]
    pub fn default(&self) -> bool {
        self.categories.contains(&FILE) || self.categories.contains(&NATS)
    }

    /// Tells whether the rule says itself who is hurt, because it knows more than what has changed.
    fn names_hurt(&self) -> bool {
        matches!(self.check, Check::Running(_) | Check::Stored(_))
    }

    /// What the rule keeps, why, and what to do: the comment at the top of its file.
    #[must_use]
    pub fn page(&self) -> String {
        page::page(self.source)
    }

    /// What to do, in one line.
    fn fix(&self) -> String {
        page::fix(self.source)
    }
}

/// The rules that a team has chosen, by name.
pub fn chosen(config: &Breaking) -> Result<BTreeSet<&'static str>, ConfigError> {
    let table: Vec<_> = RULES.iter().map(|it| (it.id, it.categories, it.default())).collect();
    config.selection.choose(&table)
}

/// Lets the rules that a team has chosen judge a change from what was to what is. The violations come in the order in
/// which they are printed.
pub fn breaking(
    old: &Image,
    new: &Image,
    config: &Breaking,
) -> Result<Vec<Violation>, ConfigError> {
    let chosen = chosen(config)?;
    let (before, after) = (Tree::new(old), Tree::new(new));
    let running = Running::new(old, new);
    let pairs = Pairs::new(&before, &after, &running);
    let affected = Affected::new(&running, [&before, &after]);
    let mut violations = Vec::new();
    for rule in RULES.iter().filter(|rule| chosen.contains(rule.id)) {
        let mut report = Report::new(new, (&before, &after), &affected, rule);
        pairs.judge(rule.check, &mut report);
        let ignored = |file: &str| {
            config.selection.ignores(rule.id, rule.categories, file)
                || (config.ignore_unstable_packages && is_unstable(file, &before, &after))
        };
        let found = report.violations.into_iter();
        for Found { mut violation, .. } in found.filter(|it| !it.files().any(ignored)) {
            if !rule.names_hurt() {
                let element = violation.element.as_deref().unwrap_or_default();
                violation.hurt = affected.by(element, rule.id.contains("NO_DELETE"));
            }
            violations.push(violation);
        }
    }
    violation::sort(&mut violations);
    Ok(violations)
}

/// Tells whether the package of a file says that it may still change, such as `v1beta1`.
fn is_unstable(file: &str, old: &Tree<'_>, new: &Tree<'_>) -> bool {
    let found = new.files.get(file).or_else(|| old.files.get(file));
    found.is_some_and(|file| stability(file.proto.package()) == Some(Stability::Unstable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_explains_itself() {
        for rule in RULES {
            let page = rule.page();
            assert!(page.contains("# Why") && !rule.fix().is_empty(), "{} lacks its page", rule.id);
        }
    }

    #[test]
    fn the_table_is_sorted_and_names_every_file() {
        let ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
        assert!(ids.is_sorted(), "sort the table by name");
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/check/breaking/rule");
        let files = std::fs::read_dir(folder).expect("the folder of rules").count();
        assert_eq!(files, ids.len(), "a file in check/breaking/rule is in no table");
    }

    #[test]
    fn the_categories_are_as_large_as_those_of_buf() {
        let size = |name| RULES.iter().filter(|it| it.categories.contains(name)).count();
        assert_eq!(CATEGORIES.iter().map(size).collect::<Vec<_>>(), [51, 51, 22, 15, 45]);
    }
}
