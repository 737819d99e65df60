//! Keeps a message to one side of one method.
//!
//! # Why
//! Two methods that share a message can't change apart: a field for the one shows up in the other.
//! `rpc_allow_same_request_response` and `rpc_allow_google_protobuf_empty_*` loosen it.
//!
//! # Fix
//! Give each method a request and a response of its own.

use std::collections::BTreeMap;

use crate::check::lint::nodes::{File, Method};
use crate::check::lint::report::Report;
use crate::check::lint::{Check, Rule, STANDARD};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "RPC_REQUEST_RESPONSE_UNIQUE",
    categories: STANDARD,
    source: include_str!("rpc_request_response_unique.rs"),
    check: Check::Files(check),
};

/// A message that says nothing, which a team may allow.
const EMPTY: &str = "google.protobuf.Empty";

fn check(files: &[File<'_>], report: &mut Report<'_>) {
    let methods: Vec<_> = files.iter().flat_map(File::methods).collect();
    let (requests, responses) = (
        report.config.rpc_allow_google_protobuf_empty_requests,
        report.config.rpc_allow_google_protobuf_empty_responses,
    );
    let mut uses: BTreeMap<&str, Vec<&Method<'_>>> = BTreeMap::new();
    for method in &methods {
        let [input, output] = types(method);
        uses.entry(input).or_default().push(method);
        if input == output {
            let allowed = input == EMPTY && requests && responses;
            if !report.config.rpc_allow_same_request_response && !allowed {
                let name = method.proto.name();
                let message = format!(
                    "RPC {name:?} has the same type {input:?} for the request and response."
                );
                report.at(method.file, &method.path, message);
            }
        } else {
            uses.entry(output).or_default().push(method);
        }
    }
    for (name, methods) in uses.iter().filter(|(_, methods)| methods.len() > 1) {
        if *name != EMPTY || !(requests || responses) {
            for method in methods {
                let message =
                    format!("{name:?} is used as the request or response type for multiple RPCs.");
                report.at(method.file, &method.path, message);
            }
            continue;
        }
        // One side may be empty: then only the other side counts.
        for (side, allowed, word) in [(0, requests, "request"), (1, responses, "response")] {
            let same: Vec<_> =
                methods.iter().filter(|method| types(method)[side] == EMPTY).collect();
            if allowed || same.len() < 2 {
                continue;
            }
            for method in same {
                let message = format!("{name:?} is used as the {word} for multiple RPCs.");
                report.at(method.file, &method.path, message);
            }
        }
    }
}

fn types<'a>(method: &Method<'a>) -> [&'a str; 2] {
    [method.proto.input_type(), method.proto.output_type()].map(|it| it.trim_start_matches('.'))
}
