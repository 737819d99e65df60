//! Chance that a seed decides on.

/// Numbers by chance (xorshift64). The seed isn't 0.
#[derive(Debug, Clone)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// A number from 0 up to 1.
    pub(crate) fn next(&mut self) -> f64 {
        let Self(state) = self;
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        #[expect(clippy::cast_precision_loss, reason = "53 bits are as many as fit")]
        let chance = (*state >> 11) as f64 / (1_u64 << 53) as f64;
        chance
    }
}
