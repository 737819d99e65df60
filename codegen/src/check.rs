//! Rules over what schemas say. One file a rule, one line in [`RULES`].

pub mod allowance;
mod bindings;
pub mod breaking;
mod caches;
pub mod config;
pub mod format;
mod holes;
mod indexes;
pub mod lint;
mod near;
mod page;
mod pattern;
mod policies;
mod rule;
mod secrets;
mod subjects;
mod version;
pub mod violation;

pub use crate::schema::image;

use crate::diagnostic::Finding;
use crate::schema::model::Model;
use crate::schema::survey::Survey;

use subjects::Subjects;

/// Every rule. A rule that nobody lists, or that has no fixture, fails a test.
pub const RULES: &[Rule] = &[
    rule::bucket_history::RULE,
    rule::bucket_unique::RULE,
    rule::bucket_value::RULE,
    rule::bucket_version::RULE,
    rule::cache_event::RULE,
    rule::cache_key::RULE,
    rule::cache_secret::RULE,
    rule::calls_known::RULE,
    rule::consumer_unique::RULE,
    rule::consumes_known::RULE,
    rule::duration_parses::RULE,
    rule::error_name::RULE,
    rule::error_secret::RULE,
    rule::error_unique::RULE,
    rule::event_bucket::RULE,
    rule::event_captured::RULE,
    rule::event_ident_unique::RULE,
    rule::event_stream::RULE,
    rule::event_subject::RULE,
    rule::http_body_allowed::RULE,
    rule::http_field_known::RULE,
    rule::http_field_secret::RULE,
    rule::http_path_parses::RULE,
    rule::http_request_single::RULE,
    rule::http_route_unique::RULE,
    rule::idempotency_kept::RULE,
    rule::idempotency_single::RULE,
    rule::ident_legal::RULE,
    rule::index_field::RULE,
    rule::index_name::RULE,
    rule::index_secret::RULE,
    rule::limit_in_range::RULE,
    rule::method_ident_unique::RULE,
    rule::method_reserved::RULE,
    rule::module_unique::RULE,
    rule::name_legal::RULE,
    rule::package_acyclic::RULE,
    rule::package_module_unique::RULE,
    rule::package_versioned::RULE,
    rule::policy_applies::RULE,
    rule::queue_group_single::RULE,
    rule::service_queue_group::RULE,
    rule::service_subject::RULE,
    rule::service_version::RULE,
    rule::streaming_only::RULE,
    rule::stream_capture::RULE,
    rule::stream_disjoint::RULE,
    rule::stream_subject::RULE,
    rule::stream_unique::RULE,
    rule::subject_disjoint::RULE,
    rule::subject_field_known::RULE,
    rule::subject_field_secret::RULE,
    rule::subject_field_shape::RULE,
    rule::subject_field_unique::RULE,
    rule::subject_token::RULE,
    rule::subject_unique::RULE,
    rule::subject_version::RULE,
    rule::type_ident_unique::RULE,
    rule::variant_ident_unique::RULE,
];

/// A rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Name, such as `SUBJECT_FIELD_KNOWN`.
    pub id: &'static str,
    /// Text of the file that holds it; see [`Rule::page`].
    source: &'static str,
    check: fn(&Context<'_>, &mut Vec<Finding>),
}

impl Rule {
    /// What the rule keeps, why, and what to do: the comment at the top of its file.
    #[must_use]
    pub fn page(&self) -> String {
        page::page(self.source)
    }
}

/// Finds a rule by its name.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// What rules see.
struct Context<'a> {
    survey: &'a Survey,
    model: &'a Model,
    subjects: Subjects,
}

/// Lets every rule judge.
pub(crate) fn check(survey: &Survey, model: &Model) -> Vec<Finding> {
    let context = Context { survey, model, subjects: Subjects::new(survey, model) };
    let mut findings = Vec::new();
    for rule in RULES {
        (rule.check)(&context, &mut findings);
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_explains_itself() {
        for rule in RULES {
            let page = rule.page();
            assert!(page.contains("# Why") && page.contains("# Fix"), "{} lacks its page", rule.id);
        }
    }

    #[test]
    fn the_table_is_sorted_and_names_every_file() {
        let ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
        assert!(ids.is_sorted(), "sort the table by name");
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/check/rule");
        let files = std::fs::read_dir(folder).expect("the folder of rules").count();
        assert_eq!(files, ids.len(), "a file in check/rule is in no table");
    }
}
