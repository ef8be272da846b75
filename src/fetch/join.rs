//! Which requests fetch these blocks: neighbours together, and what little lies between them.

use std::ops::Range;

/// Gaps up to so many blocks (128 KiB) are fetched with what is on both sides of them: a request costs more.
const GAP: u32 = 2;

/// Most blocks of a request (4 MiB): what is larger is fetched by several at once.
const MOST: u32 = 64;

/// Ranges of blocks, each for one request, that cover `blocks`, which ascend. A block between them is only fetched if it
/// `may_be`: not if it is there already, or on its way.
pub(super) fn requests(blocks: &[u32], may_be: impl Fn(u32) -> bool) -> Vec<Range<u32>> {
    let mut requests: Vec<Range<u32>> = Vec::new();
    for &block in blocks {
        match requests.last_mut() {
            Some(last)
                if block - last.end <= GAP && block - last.start < MOST && (last.end..block).all(&may_be) =>
            {
                last.end = block + 1;
            }
            _ => requests.push(block..block + 1),
        }
    }
    requests
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_and_small_gaps_make_one_request() {
        for (blocks, expected) in [
            (&[][..], &[][..]),
            (&[5], &[5..6]),
            (&[5, 6, 7], &[5..8]),
            (&[5, 8], &[5..9]),
            (&[5, 9], &[5..6, 9..10]),
            (&[0, 3, 6, 20], &[0..7, 20..21]),
        ] {
            assert_eq!(requests(blocks, |_| true), expected, "{blocks:?}");
        }
    }

    #[test]
    fn what_is_there_or_on_its_way_is_not_fetched_again() {
        assert_eq!(requests(&[5, 7, 9], |block| block != 6), [5..6, 7..10]);
    }

    #[test]
    fn no_request_is_too_large() {
        let all: Vec<_> = (10..10 + 2 * MOST + 1).collect();
        let found = requests(&all, |_| true);
        assert_eq!(found, [10..10 + MOST, 10 + MOST..10 + 2 * MOST, 10 + 2 * MOST..11 + 2 * MOST]);
    }
}
