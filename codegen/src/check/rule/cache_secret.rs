//! Keeps secrets out of Redis.
//!
//! # Why
//! What is shared lies in Redis as it is, for whoever may read there.
//!
//! # Fix
//! Delete `shared_ttl`: the process of a caller, which knows the answer anyway, keeps it still.

use crate::check::caches::{Written, written};
use crate::check::secrets::secret;
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "CACHE_SECRET", source: include_str!("cache_secret.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for Written { method, cache, .. } in written(context) {
        if cache.shared_ttl.is_none() {
            continue;
        }
        for (side, message) in [("request", &method.request), ("answer", &method.response)] {
            let Some(field) = secret(context.survey, message) else { continue };
            let place = context.survey.option(&method.element, "cache.shared_ttl");
            let marked = context.survey.name(&field.element);
            let text = format!("the {side} of `{}` has the secret `{}`", method.name, field.name);
            findings.push(
                Finding::new(RULE.id, text, place)
                    .related(marked, "marked `sensitive`")
                    .help("delete `shared_ttl`; answers are kept in the caller's process still"),
            );
        }
    }
}
