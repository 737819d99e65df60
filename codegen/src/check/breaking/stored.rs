//! Messages that were written before a change and are read after it.

/// A message that is stored.
pub(super) struct Stored<'r> {
    /// Full name.
    pub(super) message: String,
    /// Where it is stored, such as `Bucket "state"`.
    pub(super) place: String,
    /// Who reads it; asked only where something is found.
    pub(super) hurt: Box<dyn Fn() -> Vec<String> + 'r>,
}
