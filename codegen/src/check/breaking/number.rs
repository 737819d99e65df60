//! Fields and values that are gone, and what their messages and enums reserve instead.

use super::element;
use super::quote::list;
use super::range::{holds, reserved_fields, reserved_values};
use super::report::Report;
use super::tree::{Enum, Message};

/// What makes up for it that something is gone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unless {
    Never,
    Name,
    Number,
}

/// Reports each number that an enum no longer has.
pub(super) fn values(unless: Unless, old: &Enum<'_>, new: &Enum<'_>, report: &mut Report<'_>) {
    let numbers = new.numbers();
    let reserved = reserved_values(new);
    for (number, names) in old.numbers() {
        let named = || names.keys().all(|name| new.proto.reserved_name.iter().any(|it| it == name));
        let (allowed, missing) = match unless {
            Unless::Never => (false, String::new()),
            Unless::Name => {
                let several = if names.len() > 1 { "s" } else { "" };
                let list = list(names.keys().copied());
                (named(), format!(" without reserving the name{several} {list}"))
            }
            Unless::Number => {
                (holds(&reserved, number), format!(" without reserving the number \"{number}\""))
            }
        };
        if !numbers.contains_key(&number) && !allowed {
            let name = new.proto.name();
            let value = names.keys().next().copied().unwrap_or_default();
            report.gone(
                &format!("{}.{value}", element::name(report.new, &new.spot())),
                &new.spot(),
                format!(
                    "Previously present enum value \"{number}\" on enum \"{name}\" was deleted{missing}."
                ),
            );
        }
    }
}

/// Reports each field that a message no longer has.
pub(super) fn fields(
    unless: Unless,
    old: &Message<'_>,
    new: &Message<'_>,
    report: &mut Report<'_>,
) {
    let reserved = reserved_fields(new);
    for (number, field) in old.fields.iter().filter(|(number, _)| !new.fields.contains_key(number))
    {
        let name = field.proto.name();
        let (allowed, missing) = match unless {
            Unless::Never => (false, String::new()),
            Unless::Name => (
                new.proto.reserved_name.iter().any(|it| it == name),
                format!(" without reserving the name \"{name}\""),
            ),
            Unless::Number => {
                (holds(&reserved, *number), format!(" without reserving the number \"{number}\""))
            }
        };
        if !allowed {
            let described = field.describe().replacen("Field", "field", 1);
            let message = format!("Previously present {described} was deleted{missing}.");
            report.gone(&field.full_name, &new.spot, message);
        }
    }
}
