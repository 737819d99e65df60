//! The name that was probably meant.

use crate::schema::survey::Message;

/// The nearest of some names, if one is near enough: a few letters apart, or the same but for what is before it.
pub(super) fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let last = |name: &'a str| name.rsplit('.').next().unwrap_or_default();
    let apart = |from: &str, to: &str| {
        let apart = distance(from, to);
        (apart <= from.chars().count() / 3).then_some(apart)
    };
    let short = name.rsplit('.').next().unwrap_or_default();
    let rank = |known: &'a str| {
        let ends = apart(short, last(known)).filter(|_| !short.is_empty());
        let whole = apart(name, known);
        ends.into_iter().chain(whole).min().map(|apart| (apart, known))
    };
    known.filter_map(rank).min().map(|(_, known)| known)
}

/// Says which field was probably meant, or which there are; `written` shows a name as the schema has it.
pub(super) fn field(name: &str, message: &Message, written: impl Fn(&str) -> String) -> String {
    let names = message.fields.iter().map(|field| field.name.as_str());
    near(name, names.clone()).map_or_else(
        || {
            let names: Vec<_> = names.collect();
            let list = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            format!("its fields: {list}")
        },
        |name| format!("did you mean `{}`?", written(name)),
    )
}

/// Letters to insert, delete or replace to get from one word to another.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut corner = row[0];
        row[0] = index + 1;
        for at in 0..to.len() {
            let replaced = corner + usize::from(to[at] != letter);
            corner = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(corner + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognised() {
        assert_eq!(near("tenat", ["tenant", "number"].into_iter()), Some("tenant"));
        assert_eq!(
            near("ZooOpened", ["acme.zoo.v1.ZooOpened"].into_iter()),
            Some("acme.zoo.v1.ZooOpened")
        );
        assert_eq!(near("colour", ["tenant"].into_iter()), None);
    }
}
