//! Keeps a queue group on every service.
//!
//! # Why
//! Without one, every instance would answer every call.
//!
//! # Fix
//! Add `queue_group` to the service, such as `q.zoo`.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::template::is_literal;

pub(in crate::check) const RULE: Rule =
    Rule { id: "SERVICE_QUEUE_GROUP", source: include_str!("service_queue_group.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (_, service) in context.survey.services() {
        let name = &service.options.queue_group;
        let needed = service.methods.iter().any(|method| method.options.queue_group.is_none());
        if name.is_empty() && needed {
            let place = context.survey.option(&service.element, "queue_group");
            let text = format!("service `{}` has no queue group", service.name);
            let help =
                "add `queue_group: \"q.<name>\"` to its options: instances share calls by it";
            findings.push(Finding::new(RULE.id, text, place).help(help));
        }
        let own = service
            .methods
            .iter()
            .filter_map(|method| Some((&method.element, method.options.queue_group.as_ref()?)));
        let named = (!name.is_empty()).then_some((&service.element, name));
        for (element, name) in named.into_iter().chain(own) {
            if name.split('.').all(is_literal) {
                continue;
            }
            let place = context.survey.option(element, "queue_group");
            let text = format!("`{name}` can't be the name of a queue group");
            let help = "use letters, digits, '-' and '_' between dots";
            findings.push(Finding::new(RULE.id, text, place).help(help));
        }
    }
}
