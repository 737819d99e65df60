//! The name of a new service, in every case.

/// A name that everything a service consists of can bear.
#[derive(Debug, PartialEq)]
pub(super) struct Name {
    /// `market-stall`: the crate.
    pub(super) kebab: String,
    /// `market_stall`: the package of the schema.
    pub(super) package: String,
    /// `MarketStall`: the type.
    pub(super) pascal: String,
}

/// Longest name. It becomes part of subjects and durable names.
const LENGTH_MAX: usize = 40;

/// Names that mean something else where the new one would stand.
const RESERVED: [&str; 14] = [
    "bench", "codegen", "core", "fleet", "fuzz", "golden", "google", "macros", "options", "proto",
    "runtime", "std", "test", "xtask",
];

impl Name {
    /// Reads a name in kebab case.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let is_word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        anyhow::ensure!(
            text.split('-').all(is_word),
            "`{text}` is no name of a service; use words of lower-case letters and digits, such as `market-stall`"
        );
        anyhow::ensure!(text.len() <= LENGTH_MAX, "`{text}` is longer than {LENGTH_MAX} letters");
        anyhow::ensure!(
            !RESERVED.contains(&text),
            "`{text}` means something else here; choose another name"
        );
        anyhow::ensure!(
            !text.ends_with("-service"),
            "leave the `-service` off: the schema's service gets it anyway"
        );
        let package = text.replace('-', "_");
        anyhow::ensure!(
            !is_keyword(&package),
            "`{text}` is a keyword of Rust; choose another name"
        );
        Ok(Self { kebab: text.to_owned(), package, pascal: text.split('-').map(capital).collect() })
    }

    /// Fills a template.
    pub(super) fn fill(&self, template: &str) -> String {
        let Self { kebab, package, pascal } = self;
        let dotted = kebab.replace('-', ".");
        let names =
            [("name", kebab), ("package", package), ("pascal", pascal), ("dotted", &dotted)];
        names.iter().fold(template.to_owned(), |text, (key, name)| {
            text.replace(&format!("{{{{{key}}}}}"), name)
        })
    }
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_ascii_uppercase() + rest
}

fn is_keyword(word: &str) -> bool {
    const KEYWORDS: &str = "abstract as async await become box break const continue crate do dyn else enum extern \
        false final fn for gen if impl in let loop macro match mod move mut override priv pub ref return self static \
        struct super trait true try type typeof unsafe unsized use virtual where while yield";
    KEYWORDS.split_whitespace().any(|keyword| keyword == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_in_every_case() {
        let name = Name::parse("market-stall").expect("a name");
        assert_eq!((name.package.as_str(), name.pascal.as_str()), ("market_stall", "MarketStall"));
        assert_eq!(
            name.fill("{{name}} {{dotted}} {{pascal}}Service"),
            "market-stall market.stall MarketStallService"
        );
    }

    #[test]
    fn what_could_not_be_a_crate_or_a_package_is_refused() {
        let long = "a".repeat(LENGTH_MAX + 1);
        let bad = [
            "",
            "Market",
            "market_stall",
            "-market",
            "market-",
            "2fast",
            "a--b",
            "a-2",
            "é",
            "../x",
            "fleet",
            "type",
        ];
        for text in bad.into_iter().chain([long.as_str(), "auth-service"]) {
            assert!(Name::parse(text).is_err(), "{text}");
        }
    }
}
