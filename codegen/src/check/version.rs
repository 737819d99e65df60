//! Versions at the end of package names, as buf reads them: `v1`, `v1beta2`, `v1p2alpha3`, `v1test...`.

/// Whether packages may rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stability {
    Stable,
    Unstable,
}

/// Reads the version of a package; `None` if it has none that is well formed.
pub(super) fn stability(package: &str) -> Option<Stability> {
    let (_, last) = package.rsplit_once('.')?;
    let version = last.strip_prefix('v')?;
    if let Some((major, _)) = version.split_once("test") {
        return number(major).map(|()| Stability::Unstable);
    }
    let (level, other) =
        if version.contains("alpha") { ("alpha", "beta") } else { ("beta", "alpha") };
    let Some((before, minor)) = version.split_once(level) else {
        return number(version).map(|()| Stability::Stable);
    };
    if version.contains(other) || (!minor.is_empty() && number(minor).is_none()) {
        return None;
    }
    match before.split_once('p') {
        Some((major, patch)) => number(major).and(number(patch))?,
        None => number(before)?,
    }
    Some(Stability::Unstable)
}

/// Tells whether a token of a subject is a version, such as `v1`.
pub(super) fn is_version(token: &str) -> bool {
    let digits = token.strip_prefix('v').unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number from 1 that fits 32 bits.
fn number(text: &str) -> Option<()> {
    text.parse::<i32>().ok().filter(|number| *number >= 1).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_buf() {
        for package in ["a.v1", "a.b.v20"] {
            assert_eq!(stability(package), Some(Stability::Stable), "{package}");
        }
        for package in ["a.v1alpha", "a.v1beta1", "a.v1p2alpha3", "a.v1test", "a.v1testfoo"] {
            assert_eq!(stability(package), Some(Stability::Unstable), "{package}");
        }
        for package in
            ["", "v1", "a", "a.v", "a.v0", "a.v1x", "a.v1alpha0", "a.v1alphabeta", "a.V1"]
        {
            assert_eq!(stability(package), None, "{package}");
        }
    }
}
