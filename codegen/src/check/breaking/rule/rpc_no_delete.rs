//! Keeps every method of a service.
//!
//! # Why
//! Callers of the method get no answer, and their code no longer compiles.
//!
//! # Fix
//! Bring the method back; mark it `deprecated` if nobody should call it any more.

use crate::check::breaking::element;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Service;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "RPC_NO_DELETE",
    categories: &[FILE, PACKAGE],
    source: include_str!("rpc_no_delete.rs"),
    check: Check::Service(check),
};

fn check(old: &Service<'_>, new: &Service<'_>, report: &mut Report<'_>) {
    let methods = new.methods();
    for name in old.methods().into_keys().filter(|name| !methods.contains_key(name)) {
        let service = new.proto.name();
        report.gone(
            &format!("{}.{name}", element::name(report.new, &new.spot())),
            &new.spot(),
            format!("Previously present RPC \"{name}\" on service \"{service}\" was deleted."),
        );
    }
}
