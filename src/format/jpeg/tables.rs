//! The segments of tables (DHT, DQT) and of the restart interval (DRI), read here for all. Tables are views of their bytes. Pure.
//! ITU-T T.81 B.2.4.

use super::entropy::dht;

/// A Huffman table.
#[derive(Clone, Copy)]
pub(super) struct Huffman<'a> {
    /// 0 for DC differences, 1 for AC coefficients.
    pub class: usize,
    /// The number that scans know it by, 0 to 3.
    pub destination: usize,
    /// The table itself: how many codes there are of each length, then what they stand for. It has no more codes than there
    /// can be.
    pub table: &'a [u8],
}

/// A quantisation table.
#[derive(Clone, Copy)]
pub(super) struct Quantisation<'a> {
    /// 0: steps of 8 bits; otherwise, and rightly only if it is 1, of 16.
    pub precision: u8,
    /// The number that components know it by, 0 to 3.
    pub destination: usize,
    /// It and these two numbers, which are in its first byte.
    pub bytes: &'a [u8],
}

/// The tables of DHT; None in place of one that is cut off, has codes that cannot be, or a number that is none.
pub(super) fn huffman(mut content: &[u8]) -> impl Iterator<Item = Option<Huffman<'_>>> {
    std::iter::from_fn(move || {
        let (&place, rest) = content.split_first()?;
        let Some((table, after)) = dht::split(rest) else { return Some(None) };
        content = after;
        let (class, destination) = (usize::from(place >> 4), usize::from(place & 15));
        Some((class < 2 && destination < 4).then_some(Huffman { class, destination, table }))
    })
}

/// The tables of DQT; None in place of one that is cut off, or has a number that is none.
pub(super) fn quantisation(mut content: &[u8]) -> impl Iterator<Item = Option<Quantisation<'_>>> {
    std::iter::from_fn(move || {
        let first = content.first()?;
        let (precision, destination) = (first >> 4, usize::from(first & 15));
        let length = if precision == 0 { 65 } else { 129 };
        let Some((bytes, after)) = content.split_at_checked(length) else { return Some(None) };
        content = after;
        Some((destination < 4).then_some(Quantisation { precision, destination, bytes }))
    })
}

/// The MCUs between restart markers by DRI; 0 is none.
pub(super) fn restart_interval(content: &[u8]) -> Option<u16> {
    content.try_into().ok().map(u16::from_be_bytes)
}

impl Quantisation<'_> {
    /// The mean step.
    pub(super) fn mean_step(&self) -> f64 {
        let steps = &self.bytes[1..];
        let sum: u32 = match self.precision {
            0 => steps.iter().map(|&step| u32::from(step)).sum(),
            _ => steps.as_chunks().0.iter().map(|&step| u32::from(u16::from_be_bytes(step))).sum(),
        };
        f64::from(sum) / 64.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_has_several_tables() {
        let table = [&[0, 1][..], &[0; 14], &[7]].concat();
        let content = [&[0x01], &table[..], &[0x13], &table].concat();
        let found: Vec<_> = huffman(&content).map(|one| one.expect("whole")).collect();
        assert_eq!(
            found.iter().map(|one| (one.class, one.destination)).collect::<Vec<_>>(),
            [(0, 1), (1, 3)]
        );
        assert!(found.iter().all(|one| one.table == table));
        for wrong in
            [&content[..content.len() - 1], &[&[0x21], &table[..]].concat(), &[&[0x04], &table[..]].concat()]
        {
            assert!(huffman(wrong).any(|one| one.is_none()), "{wrong:?}");
        }
        let content = [&[2][..], &[9; 64], &[0x10], &[1, 0].repeat(64)].concat();
        let found: Vec<_> = quantisation(&content).map(|one| one.expect("whole")).collect();
        assert_eq!(
            found.iter().map(|one| (one.precision, one.destination)).collect::<Vec<_>>(),
            [(0, 2), (1, 0)]
        );
        assert_eq!((found[0].mean_step(), found[1].mean_step()), (9.0, 256.0));
        for wrong in [&content[..content.len() - 1], &[&[4][..], &[9; 64]].concat()] {
            assert!(quantisation(wrong).any(|one| one.is_none()), "{wrong:?}");
        }
        assert_eq!(
            (restart_interval(&[1, 2]), restart_interval(&[1]), restart_interval(&[0; 3])),
            (Some(258), None, None)
        );
    }
}
