//! Random numbers with a stated generator: pcg32 (M. O'Neill, "PCG", HMC-CS-2014-0905, 2014), so that a seed means the
//! same run on every machine and in every version.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng;

/// One stream of random numbers; different streams of one seed are used for different subjects.
#[derive(Clone, Debug)]
pub(super) struct Dice(Pcg32);

impl Dice {
    /// The stream `stream` of `seed`.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        // Streams of pcg32 with the same state run in parallel for a while; distinct states part them at once.
        Self(Pcg32::new(mixed(seed ^ mixed(stream)), stream))
    }

    /// Uniform in 0 ≤ u < 1, in steps of 2⁻³²: 32 bits are exact in a double, and so is the division by a power of two.
    pub(super) fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// A whole number in 0 ≤ n ≤ `most`, by multiplication; the bias is below `most` / 2³².
    pub(super) fn up_to(&mut self, most: u32) -> u32 {
        let wide = u64::from(self.0.next_u32()) * (u64::from(most) + 1);
        u32::try_from(wide >> 32).unwrap_or(most)
    }
}

/// The finalizer of SplitMix64 (G. Steele et al., "Fast splittable pseudorandom number generators", 2014).
const fn mixed(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixing_is_the_published_one() {
        // First output of SplitMix64 from seed 1234567, as in its reference implementation's test values.
        assert_eq!(mixed(1_234_567), 6_457_827_717_110_365_317);
    }

    #[test]
    fn a_seed_means_these_numbers_for_ever() {
        let mut dice = Dice::new(7, 1);
        let first: Vec<u32> = (0..4).map(|_| dice.up_to(999)).collect();
        let mut again = Dice::new(7, 1);
        assert_eq!(first, (0..4).map(|_| again.up_to(999)).collect::<Vec<_>>());
        assert_eq!(first, [978, 213, 465, 657]);
    }

    #[test]
    fn numbers_stay_in_range_and_reach_both_ends() {
        let mut dice = Dice::new(1, 2);
        let drawn: Vec<u32> = (0..1_000).map(|_| dice.up_to(3)).collect();
        assert_eq!(drawn.iter().min(), Some(&0));
        assert_eq!(drawn.iter().max(), Some(&3));
        for _ in 0..1_000 {
            let u = dice.unit();
            assert!((0.0..1.0).contains(&u), "{u}");
        }
        assert_eq!(dice.up_to(0), 0);
    }
}
