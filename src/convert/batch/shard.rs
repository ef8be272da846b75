//! Which part of a batch a machine takes, so that several need not speak with each other. Pure.

use std::hash::Hasher;
use std::str::FromStr;

use siphasher::sip::SipHasher13;

/// One of several parts. Each input is in one of them, by the digest of its path below the directory that was given, so
/// that it is the same on every machine, and whatever else is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    number: u64,
    of: u64,
}

impl Shard {
    /// Whether an input is in this part.
    pub(super) fn has(self, below: &str) -> bool {
        // With keys of zero: SipHash is the same everywhere.
        let mut digest = SipHasher13::new();
        digest.write(below.as_bytes());
        digest.finish() % self.of == self.number - 1
    }
}

impl FromStr for Shard {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers =
            text.split_once('/').and_then(|(one, all)| Some((one.parse().ok()?, all.parse().ok()?)));
        match numbers {
            Some((number, of)) if 1 <= number && number <= of => Ok(Self { number, of }),
            Some(_) => Err("parts are numbered from 1: 1/3, 2/3, 3/3"),
            None => Err("it is no part, such as 1/3"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_is_in_one_part() {
        let shards: Vec<Shard> =
            (1..=7).map(|number| format!("{number}/7").parse().expect("a part")).collect();
        let mut counts = [0; 7];
        for number in 0..7000 {
            let name = format!("box {}/leaf-{number}.jpg", number / 100);
            let of: Vec<usize> = (0..7).filter(|part| shards[*part].has(&name)).collect();
            assert_eq!(of.len(), 1, "{name}");
            counts[of[0]] += 1;
        }
        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
    }

    #[test]
    fn parts_are_the_same_on_every_machine() {
        let shard: Shard = "1/3".parse().expect("a part");
        let names = ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "box/e.jpg", "box/f.jpg"];
        assert_eq!(names.map(|name| shard.has(name)), [true, true, false, true, false, false]);
    }

    #[test]
    fn only_parts_are_parts() {
        for text in ["0/3", "4/3", "1/0", "3", "a/b", "-1/3", "1/3/5", ""] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
