//! Keeps the HTTP routes of a workspace from overlapping.
//!
//! # Why
//! A request that matches two routes reaches one of two methods: which one depends on the gateway, or on the value of a
//! variable, as with `/v1/models/latest` beside `/v1/models/{model_id}`.
//!
//! # Fix
//! Change a word of one path, or end it with a verb such as `:latest`.

use crate::check::bindings::{Binding, bindings};
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::model::Route;
use crate::schema::route_of;

pub(in crate::check) const RULE: Rule =
    Rule { id: "HTTP_ROUTE_UNIQUE", source: include_str!("http_route_unique.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let survey = context.survey;
    let all = bindings(survey).filter_map(|it| {
        let route = route_of(survey, it.method, it.http)?;
        Some((it, route))
    });
    let all: Vec<(Binding<'_>, Route)> = all.collect();
    for (index, (binding, route)) in all.iter().enumerate() {
        let Some((other, taken)) = all[..index].iter().find(|(_, it)| it.meets(route)) else {
            continue;
        };
        let problem = format!("`{route}` overlaps `{taken}`");
        findings.push(
            Finding::new(RULE.id, problem, binding.path_place(survey, ""))
                .label(format!("reaches `{}`", binding.method.full_name))
                .related(
                    other.path_place(survey, ""),
                    format!("reaches `{}`", other.method.full_name),
                )
                .help("change a word of one path, or end it with a verb"),
        );
    }
}
