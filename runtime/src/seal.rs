//! Fields that a schema marks `sensitive` leave a process sealed only: encrypted and authenticated, each by itself.
//!
//! It is done to the encoded message, with a table that generated code has for messages with such fields: each occurrence
//! of the field keeps its number and becomes bytes, in which lie the id of the key, a nonce, and the ciphertext of what
//! was there (`envelope`). So any type of field can be sealed, everything else stays as it was, no type changes in
//! Rust, and the result is opened wherever its bytes are found: in a frame, a bucket, a stream that copies the bucket, a dead
//! letter. A header with the key's id would have got lost on some of these ways, and would have cost calls their
//! header-less one.
//!
//! What is authenticated along is where the value belongs: method and direction, or the stored message, and the numbers of the
//! fields that lead to it. A value that is moved to another field, method or direction doesn't open.
//!
//! XChaCha20-Poly1305 takes 24 bytes of nonce, so that random ones never meet, however much a key seals; the 12 of AES-GCM
//! would have bounded a key to some billion values. `XChaCha20` is in no library that the workspace had already.

mod envelope;
mod guard;
mod keyring;
mod keys;
mod purpose;
#[cfg(test)]
mod tests;
mod walk;

pub use guard::{Guard, Protection, Sealing};
pub use keyring::Keyring;
pub use keys::key_line;
pub use walk::{Stripped, strip};

pub(crate) use purpose::Purpose;
