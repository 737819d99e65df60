//! Lines in sorted places.

use anyhow::Context as _;

/// Inserts a line where it belongs among those of its kind, which are sorted and stand together.
pub(super) fn insert(
    text: &mut String,
    line: &str,
    is_kin: impl Fn(&str) -> bool,
) -> anyhow::Result<()> {
    let mut at = None;
    let mut offset = 0;
    for have in text.split_inclusive('\n') {
        let bare = have.trim_end();
        let begins = offset;
        offset += have.len();
        if !is_kin(bare) {
            continue;
        }
        if bare > line {
            at = at.or(Some(begins));
            break;
        }
        at = None;
        // After the last one that sorts before it, if no later one does.
        if text[offset..].split('\n').next().is_none_or(|next| !is_kin(next)) {
            at = Some(offset);
        }
    }
    let at = at.context("the place for the new line isn't there")?;
    text.insert_str(at, &format!("{line}\n"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inserted(line: &str) -> String {
        let mut text = "[x]\nb=w\nd=w\n\n[y]\nz\n".to_owned();
        insert(&mut text, line, |line| line.ends_with("=w")).expect("there is a place");
        text
    }

    #[test]
    fn a_line_goes_between_its_neighbours() {
        assert_eq!(inserted("c=w"), "[x]\nb=w\nc=w\nd=w\n\n[y]\nz\n");
    }

    #[test]
    fn the_first_and_the_last_have_a_place_too() {
        assert_eq!(inserted("a=w"), "[x]\na=w\nb=w\nd=w\n\n[y]\nz\n");
        assert_eq!(inserted("e=w"), "[x]\nb=w\nd=w\ne=w\n\n[y]\nz\n");
    }

    #[test]
    fn a_file_without_such_lines_is_refused() {
        assert!(insert(&mut "nothing\n".to_owned(), "c=w", |line| line.ends_with("=w")).is_err());
    }
}
