//! Which requests of a log are made again: those of the Image API, each once, and of these a part that is the same for the
//! same log. Pure.

use std::collections::HashMap;
use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::log;

/// Different requests that are remembered, so that a log of any length takes bounded memory.
const MOST: usize = 2_000_000;

/// Words that the last part of a request begins with, in any version.
const QUALITIES: [&str; 5] = ["default", "color", "gray", "bitonal", "native"];

/// A request that is made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// What comes behind the prefix.
    pub(super) path: String,
    /// How often the log has it.
    pub(super) seen: u64,
}

/// What was picked so far.
pub(super) struct Sample {
    /// Lines that were read.
    pub(super) lines: u64,
    /// Hashes below this are picked.
    below: u64,
    limit: usize,
    picked: HashMap<String, u64>,
    passed: usize,
}

impl Sample {
    /// A share of all, and no more than `limit`.
    pub(super) fn new(share: f64, limit: usize) -> Self {
        // `as` saturates: 1 is all of them.
        let below = (share.clamp(0.0, 1.0) * u64::MAX as f64) as u64;
        Self { lines: 0, below, limit, picked: HashMap::new(), passed: 0 }
    }

    /// Looks at a line.
    pub(super) fn see(&mut self, line: &str, strip: &str) {
        self.lines += 1;
        let Some((method, uri)) = log::request(line) else { return };
        let path = uri.split('?').next().unwrap_or_default();
        let rest = path.strip_prefix(strip).filter(|rest| method == "GET" && is_image(rest));
        let Some(rest) = rest.filter(|rest| rest.bytes().all(|byte| byte.is_ascii_graphic())) else { return };
        if hash(rest) > self.below {
            self.passed += usize::from(!self.picked.contains_key(rest));
            return;
        }
        if let Some(seen) = self.picked.get_mut(rest) {
            *seen += 1;
        } else if self.picked.len() < MOST {
            self.picked.insert(rest.to_owned(), 1);
        }
    }

    /// How many different ones are picked, before the limit.
    pub(super) fn picked(&self) -> usize {
        self.picked.len()
    }

    /// How many different ones the log has; those that were passed over may be counted more than once.
    pub(super) fn different(&self) -> usize {
        self.picked.len() + self.passed
    }

    /// The requests, in an order that has nothing to do with the log's, so that any part of them is a fair one.
    pub(super) fn into_requests(self) -> Vec<Request> {
        let mut requests: Vec<_> =
            self.picked.into_iter().map(|(path, seen)| (hash(&path), Request { path, seen })).collect();
        requests.sort_by(|one, other| (one.0, &one.1.path).cmp(&(other.0, &other.1.path)));
        requests.into_iter().map(|(_, request)| request).take(self.limit).collect()
    }
}

/// The same on every machine and at every time.
fn hash(text: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// Whether a path ends as a request of the Image API does.
fn is_image(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').collect();
    match segments[..] {
        [.., identifier, "info.json"] => !identifier.is_empty(),
        [.., identifier, _, _, _, last] => {
            let (quality, format) = last.split_once('.').unwrap_or_default();
            !identifier.is_empty() && QUALITIES.contains(&quality) && !format.is_empty()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str) -> String {
        format!("- - - [x] \"GET {path} HTTP/1.1\" 200 1")
    }

    #[test]
    fn requests_of_the_image_api_are_picked_once_each() {
        let mut sample = Sample::new(1.0, 10);
        for path in [
            "/iiif/3/a%2Fb/info.json",
            "/iiif/3/a%2Fb/info.json?x=1",
            "/iiif/2/a/full/full/0/default.jpg",
            "/iiif/2/a/full/full/0/strange.jpg",
            "/iiif/3/a",
            "/page.html",
            "/other/3/a/info.json",
            "//info.json",
        ] {
            sample.see(&line(path), "/iiif");
        }
        sample.see("- \"POST /iiif/3/a/info.json HTTP/1.1\"", "/iiif");
        let mut requests = sample.into_requests();
        requests.sort_by_key(|request| request.seen);
        let found: Vec<_> = requests.iter().map(|request| (&*request.path, request.seen)).collect();
        assert_eq!(found, [("/2/a/full/full/0/default.jpg", 1), ("/3/a%2Fb/info.json", 2)]);
    }

    #[test]
    fn a_share_is_the_same_each_time() {
        let of = |share, limit, backwards: bool| {
            let mut numbers: Vec<u32> = (0..1000).collect();
            if backwards {
                numbers.reverse();
            }
            let mut sample = Sample::new(share, limit);
            numbers.iter().for_each(|n| sample.see(&line(&format!("/3/{n}/info.json")), ""));
            sample.into_requests()
        };
        let part = of(0.1, 1000, false);
        assert!((50..200).contains(&part.len()), "{}", part.len());
        assert_eq!(part, of(0.1, 1000, true));
        assert_eq!(part[..20], of(1.0, 20, true)[..], "a limit takes the same first ones");
        assert_eq!(of(1.0, 5000, false).len(), 1000);
    }
}
