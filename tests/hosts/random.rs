//! Numbers that look like chance and are the same in every run.

/// The next state's worth of a counter: splitmix64.
pub fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A stream of them.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(self.0)
    }

    /// From 0 up to 1.
    pub fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Waiting times of what happens `rate` times a second, whenever it likes.
    pub fn wait(&mut self, rate: f64) -> f64 {
        -(1.0 - self.part()).ln() / rate
    }
}

/// Ranks from 1, where that of rank k is chosen in proportion to k^-s: by the inverse of the integral, which is exact but for
/// the first few ranks.
pub struct Zipf {
    exponent: f64,
    all: f64,
}

impl Zipf {
    pub fn new(objects: u64, exponent: f64) -> Self {
        Self { exponent, all: Self::integral(objects as f64 + 0.5, exponent) }
    }

    pub fn rank(&self, random: &mut Random) -> u64 {
        let area = random.part() * self.all;
        let power = 1.0 - self.exponent;
        let low = 0.5f64.powf(power);
        ((area * power + low).powf(1.0 / power)).round().max(1.0) as u64
    }

    /// The part of all requests that is for ranks up to `rank`.
    pub fn up_to(&self, rank: f64) -> f64 {
        Self::integral(rank, self.exponent) / self.all
    }

    /// From 0.5; no exponent is 1 exactly.
    fn integral(rank: f64, exponent: f64) -> f64 {
        let power = 1.0 - exponent;
        (rank.powf(power) - 0.5f64.powf(power)) / power
    }
}
