//! Keys as a file has them: one a line, an id and 32 bytes in base 64. The first one seals, and all open.

use std::fmt;

use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use data_encoding::BASE64;
use zeroize::Zeroizing;

/// Longest id in bytes.
pub(super) const ID_BYTES_MAX: usize = 32;
/// Most keys of a file. Each is there for what is stored and was sealed with it.
const KEYS_MAX: usize = 64;
const KEY_BYTES: usize = 32;

/// A key. It is wiped when it goes.
pub(super) struct Key {
    pub(super) id: String,
    pub(super) cipher: XChaCha20Poly1305,
}

/// Keys; there is at least one.
pub(super) struct Keys {
    first: Key,
    others: Vec<Key>,
}

impl Keys {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// What is wrong with which line, in words that hold nothing of a key.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut keys: Vec<Key> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = Key::parse(line).map_err(|why| format!("line {}: {why}", index + 1))?;
            if keys.iter().any(|other| other.id == key.id) {
                return Err(format!("line {}: the id `{}` comes twice", index + 1, key.id));
            }
            keys.push(key);
        }
        if keys.len() > KEYS_MAX {
            return Err(format!("there are {} keys, more than {KEYS_MAX}", keys.len()));
        }
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or("there is no key; make one with `cargo xtask key new`")?;
        Ok(Self { first, others: keys.collect() })
    }

    /// Makes one key, which nobody else has.
    pub(super) fn random() -> Self {
        Self { first: Key::new("random", &fresh()), others: Vec::new() }
    }

    /// The key that seals.
    pub(super) fn sealing(&self) -> &Key {
        &self.first
    }

    /// The key with an id.
    pub(super) fn find(&self, id: &str) -> Option<&Key> {
        self.all().find(|key| key.id == id)
    }

    /// Every id, that of the key that seals first.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.all().map(|key| key.id.as_str())
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl Key {
    fn new(id: &str, bytes: &[u8; KEY_BYTES]) -> Self {
        Self { id: id.to_owned(), cipher: XChaCha20Poly1305::new(bytes.into()) }
    }

    fn parse(line: &str) -> Result<Self, &'static str> {
        let (id, text) = line
            .split_once(char::is_whitespace)
            .ok_or("write an id, a space, and 32 bytes in base 64")?;
        check_id(id)?;
        let bytes = BASE64.decode(text.trim().as_bytes()).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| "the key is no base 64")?;
        let bytes: &[u8; KEY_BYTES] =
            bytes.as_slice().try_into().map_err(|_| "a key has 32 bytes")?;
        Ok(Self::new(id, bytes))
    }
}

/// Makes a key, as the line that a file of keys has for it.
///
/// # Errors
/// When the id is none.
pub fn key_line(id: &str) -> Result<Zeroizing<String>, &'static str> {
    check_id(id)?;
    let text = Zeroizing::new(BASE64.encode(&*fresh()));
    Ok(Zeroizing::new(format!("{id} {}", *text)))
}

fn check_id(id: &str) -> Result<(), &'static str> {
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if plain && (1..=ID_BYTES_MAX).contains(&id.len()) {
        Ok(())
    } else {
        Err("an id has 1 to 32 letters, digits, '-', '_' and '.'")
    }
}

fn fresh() -> Zeroizing<[u8; KEY_BYTES]> {
    Zeroizing::new(rand::random())
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn the_first_key_seals_and_every_key_is_found() {
        let text = format!("# ours\n\n b-2 {BYTES}\r\na.1\t{BYTES}\n");
        let keys = Keys::parse(&text).unwrap();
        assert_eq!(keys.sealing().id, "b-2");
        assert!(keys.find("a.1").is_some() && keys.find("a").is_none());
    }

    #[test]
    fn a_mistake_is_told_by_its_line_and_shows_no_key() {
        let secret = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0";
        for (text, words) in [
            (String::new(), "there is no key"),
            ("# only words".to_owned(), "there is no key"),
            (secret.to_owned(), "line 1: write an id"),
            (format!("a {secret}"), "line 1: a key has 32 bytes"),
            (format!("a {secret}!"), "line 1: the key is no base 64"),
            (format!("\na/b {BYTES}"), "line 2: an id has"),
            (format!("{} {BYTES}", "x".repeat(33)), "line 1: an id has"),
            (format!("a {BYTES}\na {BYTES}"), "line 2: the id `a` comes twice"),
            (
                (0..65).map(|id| format!("k{id} {BYTES}")).collect::<Vec<_>>().join("\n"),
                "more than 64",
            ),
        ] {
            let why = Keys::parse(&text).unwrap_err();
            assert!(why.contains(words), "{words} is missing in {why}");
            assert!(!why.contains("c2Vj") && !why.contains("AAEC"), "{why}");
        }
    }

    #[test]
    fn a_line_that_is_made_is_read_and_no_two_are_the_same() {
        let (one, two) = (key_line("2026-11").unwrap(), key_line("2026-11").unwrap());
        assert_ne!(*one, *two);
        assert_eq!(Keys::parse(&one).unwrap().sealing().id, "2026-11");
        assert!(key_line("").is_err() && key_line("a b").is_err());
    }

    #[test]
    fn keys_are_shown_by_their_ids() {
        let keys = Keys::parse(&format!("a {BYTES}")).unwrap();
        assert_eq!(format!("{keys:?} {:?}", keys.sealing()), "[\"a\"] Key(a)");
    }
}
