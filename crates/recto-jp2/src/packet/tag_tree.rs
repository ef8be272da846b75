//! Tag trees: numbers of a grid, coded bit by bit as far as needed (T.800 B.10.2).

use super::bits::Bits;
use crate::error::Error;

/// What is known of a tag tree so far.
#[derive(Default)]
pub(super) struct TagTree {
    /// For each level, the leaves first: where its nodes begin, and how many are in a row.
    levels: Vec<(usize, usize)>,
    nodes: Vec<Node>,
}

#[derive(Clone, Copy, Default)]
struct Node {
    /// What the value is at least.
    low: u16,
    /// Whether it is just that.
    known: bool,
}

impl TagTree {
    /// Makes this the tree over a grid of so many columns and rows, of which nothing is known. Neither is 0.
    pub(super) fn reset(&mut self, columns: u32, rows: u32) {
        self.levels.clear();
        let (mut columns, mut rows, mut count) = (columns as usize, rows as usize, 0);
        loop {
            self.levels.push((count, columns));
            count += columns * rows;
            if columns * rows <= 1 {
                break;
            }
            (columns, rows) = (columns.div_ceil(2), rows.div_ceil(2));
        }
        self.nodes.clear();
        self.nodes.resize(count, Node::default());
    }

    /// The value of a leaf if it is below `limit`. Reads what bits are needed to know.
    pub(super) fn value_below(
        &mut self,
        bits: &mut Bits,
        column: u32,
        row: u32,
        limit: u16,
    ) -> Result<Option<u16>, Error> {
        let mut low = 0;
        for (level, (first, width)) in self.levels.iter().enumerate().rev() {
            let node = &mut self.nodes[first + (row as usize >> level) * width + (column as usize >> level)];
            node.low = node.low.max(low);
            while !node.known && node.low < limit {
                match bits.bit()? {
                    true => node.known = true,
                    false => node.low += 1,
                }
            }
            low = node.low;
            if low >= limit {
                return Ok(None);
            }
        }
        Ok(Some(low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard() {
        // T.800 B.10.2, figure B.13: the leaves of the first row are 1, 3, 2, 3; "01111 001 101" gives the first three.
        let mut tree = TagTree::default();
        tree.reset(6, 3);
        let mut bits = Bits::new((&[0b0111_1001, 0b1010_0000]).into(), 0);
        let mut value = |column| tree.value_below(&mut bits, column, 0, 9).expect("bits");
        assert_eq!([value(0), value(1), value(2)], [Some(1), Some(3), Some(2)]);
    }

    #[test]
    fn no_more_is_read_than_needed() {
        let mut tree = TagTree::default();
        tree.reset(2, 1);
        let mut bits = Bits::new((&[0b0010_0000]).into(), 0);
        assert_eq!(tree.value_below(&mut bits, 0, 0, 1), Ok(None));
        assert_eq!(tree.value_below(&mut bits, 1, 0, 1), Ok(None), "the root has told it of both");
        assert_eq!(tree.value_below(&mut bits, 1, 0, 2), Ok(None));
        assert_eq!(bits.bit(), Ok(true), "two bits were read before");
    }
}
