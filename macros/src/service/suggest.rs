//! What somebody probably meant.

/// Finds the candidate nearest to a name, if any is near.
pub(super) fn nearest<'a, T>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a T>,
    key: impl Fn(&T) -> Vec<String>,
) -> Option<&'a T> {
    let distance = |candidate: &T| {
        key(candidate).iter().map(|other| distance(name, other)).min().unwrap_or(usize::MAX)
    };
    let nearest =
        candidates.into_iter().map(|one| (distance(one), one)).min_by_key(|(far, _)| *far);
    nearest.filter(|(far, _)| *far <= name.len().div_ceil(3)).map(|(_, one)| one)
}

/// Counts the insertions, deletions and replacements between two names, without case.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_single_edits() {
        assert_eq!(distance("get_wether", "get_weather"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("GetTime", "gettime"), 0);
    }

    #[test]
    fn something_altogether_different_suggests_nothing() {
        let names = ["get_weather".to_owned(), "forecast".to_owned()];
        let meant = |name| nearest(name, &names, |one| vec![one.clone()]).map(String::as_str);
        assert_eq!(meant("forcast"), Some("forecast"));
        assert_eq!(meant("helper"), None);
    }
}
