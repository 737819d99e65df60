//! Where variables come from.

use std::collections::BTreeMap;

/// Where variables come from: the environment, or a test.
#[derive(Debug, Clone, Default)]
pub struct Source(Option<BTreeMap<String, String>>);

impl Source {
    /// The environment of the process.
    #[must_use]
    pub fn environment() -> Self {
        Self(None)
    }

    /// Variables with these values, and no others.
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self(Some(variables.into_iter().map(owned).collect()))
    }

    /// The value of a variable; an empty one counts as not set.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        let value = match &self.0 {
            Some(variables) => variables.get(name).cloned(),
            None => environment(name),
        };
        value.filter(|value| !value.is_empty())
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
