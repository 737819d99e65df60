//! Random draws that anyone can repeat: a number made of what it is for.

/// A draw: 64 bits that look random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw(u64);

impl Draw {
    /// Draws for a purpose, a seed, a region and a step. The same four give the same draw, for ever.
    #[must_use]
    pub fn of(purpose: &str, seed: u64, region: &str, step: u64) -> Self {
        let named = fnv1a(region.as_bytes(), fnv1a(purpose.as_bytes(), 0xcbf2_9ce4_8422_2325));
        Self(mix(mix(named ^ seed).wrapping_add(step)))
    }

    /// Whether it is the one in `count`.
    #[must_use]
    pub fn one_in(self, count: u64) -> bool {
        self.0.is_multiple_of(count)
    }

    /// A number from 0 up to 1, without 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    pub fn unit(self) -> f64 {
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Picks by weight.
    ///
    /// # Panics
    /// When the row is empty or weighs nothing.
    #[must_use]
    pub fn pick<T: Copy>(self, row: &[(T, u32)]) -> T {
        let total: u64 = row.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut left = self.0 % total;
        for (value, weight) in row {
            match left.checked_sub(u64::from(*weight)) {
                Some(rest) => left = rest,
                None => return *value,
            }
        }
        unreachable!("what is left is below the total")
    }
}

/// Hashes bytes (FNV-1a, 64 bits): short keys, and a result that never changes with a library.
fn fnv1a(bytes: &[u8], start: u64) -> u64 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Spreads every bit over all of them (the finaliser of `SplitMix64`).
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_never_changes() {
        assert_eq!(Draw::of("sky", 7, "vale", 42), Draw::of("sky", 7, "vale", 42));
        assert_eq!(Draw::of("sky", 7, "vale", 42).0, 0x6a43_9b87_566e_e44e);
    }

    #[test]
    fn draws_are_spread_evenly() {
        let hits =
            (0..48_000).filter(|step| Draw::of("fresh", 7, "vale", *step).one_in(48)).count();
        assert!((800..1_200).contains(&hits), "{hits} of about 1 000");
    }

    #[test]
    fn a_weight_of_nothing_is_never_picked() {
        assert!(
            (0..1_000)
                .all(|step| Draw::of("sky", 1, "vale", step).pick(&[('a', 0), ('b', 1)]) == 'b')
        );
    }
}
