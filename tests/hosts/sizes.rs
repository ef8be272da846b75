//! How large all caches together have to be, so that a given part of what is asked for is there: by the approximation of Che,
//! Tung and Wang for caches that drop what was asked for longest ago (an object is there if somebody asked for it within a
//! certain time, which is the same for all), exact enough for many objects, and done in a moment for 10^8.

use crate::random::Zipf;

/// Ranks are taken together in steps of so much.
const STEP: f64 = 1.02;

/// Probability of one object, and how many have it.
fn classes(objects: u64, exponent: f64) -> Vec<(f64, f64)> {
    let zipf = Zipf::new(objects, exponent);
    let (mut classes, mut from, end) = (Vec::new(), 0.5, objects as f64 + 0.5);
    while from < end {
        let to = (from * STEP).max(from + 1.0).min(end);
        classes.push(((zipf.up_to(to) - zipf.up_to(from)) / (to - from), to - from));
        from = to;
    }
    classes
}

/// Objects that have to have room, so that this part of the readers finds its object.
pub fn objects_for(ratio: f64, objects: u64, exponent: f64) -> f64 {
    let classes = classes(objects, exponent);
    // Readers who come in the time for which an object is kept.
    let there = |readers: f64, chance: f64| 1.0 - (-chance * readers).exp();
    let hits = |readers: f64| classes.iter().map(|(p, n)| n * p * there(readers, *p)).sum::<f64>();
    let (mut low, mut high) = (0.0f64, 60.0f64);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if hits(middle.exp2()) < ratio { low = middle } else { high = middle }
    }
    classes.iter().map(|(p, n)| n * there(high.exp2(), *p)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Cache;
    use crate::random::Random;

    #[test]
    fn a_cache_of_that_size_has_that_ratio() {
        let (objects, exponent, ratio) = (20_000, 0.8, 0.6);
        let mut cache = Cache::new(objects_for(ratio, objects, exponent) as u64);
        let (zipf, mut random) = (Zipf::new(objects, exponent), Random::new(1));
        let mut asks = |times: u32| (0..times).filter(|_| cache.ask(zipf.rank(&mut random), 0)).count();
        asks(50_000);
        let hits = f64::from(asks(50_000) as u32) / 50_000.0;
        assert!((hits - ratio).abs() < 0.02, "{hits}");
    }
}
