//! One sealed value: a mark, the id of its key, a nonce, and the ciphertext of its wire type and its payload.

use chacha20poly1305::XNonce;
use chacha20poly1305::aead::AeadInOut as _;

use super::keys::{ID_BYTES_MAX, Key, Keys};

/// What every sealed value begins with; the last byte is the version. No text in UTF-8 begins like this.
const MARK: [u8; 4] = [0xbb, 0x5e, 0xa1, 0x01];
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// A sealed value, taken apart.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    /// Id of its key.
    pub(super) key: &'a str,
    nonce: [u8; NONCE_BYTES],
    ciphertext: &'a [u8],
}

/// A value as it is in a message: its wire type, and its bytes without their length.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) wire: u8,
    bytes: Vec<u8>,
}

impl Content {
    pub(super) fn payload(&self) -> &[u8] {
        self.bytes.get(1..).unwrap_or_default()
    }
}

/// Whether bytes are a sealed value, or mean to be one.
pub(super) fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(&MARK)
}

/// Seals a value; `None` for one that is too long for the cipher, by some hundred gigabytes.
pub(super) fn seal(key: &Key, about: &[u8], wire: u8, payload: &[u8]) -> Option<Vec<u8>> {
    let nonce: [u8; NONCE_BYTES] = rand::random();
    let id = key.id.as_bytes();
    let length = u8::try_from(id.len()).ok()?;
    let mut content = Vec::with_capacity(1 + payload.len() + TAG_BYTES);
    content.push(wire);
    content.extend_from_slice(payload);
    key.cipher.encrypt_in_place(&XNonce::from(nonce), about, &mut content).ok()?;
    Some([&MARK[..], &[length], id, &nonce, &content].concat())
}

impl<'a> Envelope<'a> {
    /// Takes a sealed value apart; `None` when it is none.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (length, rest) = bytes.strip_prefix(&MARK)?.split_first()?;
        let (id, rest) = rest.split_at_checked(usize::from(*length))?;
        let (nonce, ciphertext) = rest.split_first_chunk()?;
        let known = (1..=ID_BYTES_MAX).contains(&id.len());
        let key = std::str::from_utf8(id).ok().filter(|_| known)?;
        (ciphertext.len() > TAG_BYTES).then_some(Self { key, nonce: *nonce, ciphertext })
    }

    /// The key that sealed it, if it is there.
    pub(super) fn find<'k>(&self, keys: &'k Keys) -> Option<&'k Key> {
        keys.find(self.key)
    }

    /// Opens it; `None` when it was sealed by another key, about something else, or changed.
    pub(super) fn open(&self, key: &Key, about: &[u8]) -> Option<Content> {
        let mut bytes = self.ciphertext.to_vec();
        key.cipher.decrypt_in_place(&XNonce::from(self.nonce), about, &mut bytes).ok()?;
        Some(Content { wire: *bytes.first()?, bytes })
    }
}
