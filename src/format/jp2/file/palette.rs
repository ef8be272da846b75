//! From components to channels: palettes, mappings and definitions.
//! Pure. T.800 I.5.3.4 (pclr), I.5.3.5 (cmap), I.5.3.6 (cdef).

use super::boxes::damaged;
use crate::error::MasterError;

/// What the codes of a component stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Palette {
    /// Bits of a value, for each column: 1 to 16, none with a sign.
    pub precisions: Vec<u8>,
    /// The values: those of an entry stand together.
    values: Vec<u16>,
}

impl Palette {
    /// Reads the contents of a pclr box.
    pub(crate) fn read(contents: &[u8]) -> Result<Self, MasterError> {
        let cut = || damaged("a palette that is cut off");
        let (&[high, low, columns], rest) = contents.split_first_chunk().ok_or_else(cut)?;
        let entries = usize::from(u16::from_be_bytes([high, low]));
        let (depths, mut rest) = rest.split_at_checked(columns.into()).ok_or_else(cut)?;
        if !(1..=1024).contains(&entries) || depths.is_empty() {
            return Err(damaged(format!("a palette of {entries} entries in {columns} columns")));
        }
        if depths.iter().any(|depth| *depth > 15) {
            return Err(MasterError::unsupported("a palette of more than 16 bits, or with signs"));
        }
        let mut values = Vec::with_capacity(entries * depths.len());
        for depth in depths.iter().cycle().take(entries * depths.len()) {
            let (value, after) = rest.split_at_checked(1 + usize::from(depth / 8)).ok_or_else(cut)?;
            values.push(value.iter().fold(0, |value, byte| value << 8 | u16::from(*byte)));
            rest = after;
        }
        Ok(Self { precisions: depths.iter().map(|depth| depth + 1).collect(), values })
    }

    /// The value in a column that an index stands for: of one beyond either end the value there.
    pub(crate) fn value(&self, index: i32, column: usize) -> u16 {
        let columns = self.precisions.len();
        let last = self.values.len() / columns - 1;
        let entry = usize::try_from(index).unwrap_or(0).min(last);
        self.values[entry * columns + column]
    }
}

/// Where a channel comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// The index of a component.
    pub component: usize,
    /// The column of the palette through which it goes, if it does.
    pub column: Option<usize>,
}

impl Mapping {
    /// Reads the contents of a cmap box.
    pub(crate) fn read_all(contents: &[u8]) -> Result<Vec<Self>, MasterError> {
        let (fields, []) = contents.as_chunks::<4>() else {
            return Err(damaged("a component mapping that is cut off"));
        };
        let mapping = |&[high, low, kind, column]: &[u8; 4]| Self {
            component: u16::from_be_bytes([high, low]).into(),
            column: (kind == 1).then_some(column.into()),
        };
        Ok(fields.iter().map(mapping).collect())
    }
}

/// What a channel means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    /// The index of the channel.
    pub channel: usize,
    /// 0 is colour, 1 opacity, 2 opacity with which colours are multiplied.
    pub kind: u16,
    /// 0 is the whole image, n its colour number n.
    pub association: u16,
}

impl Definition {
    /// Reads the contents of a cdef box.
    pub(crate) fn read_all(contents: &[u8]) -> Result<Vec<Self>, MasterError> {
        let cut = || damaged("channel definitions that are cut off");
        let (count, rest) = contents.split_first_chunk().ok_or_else(cut)?;
        let fields = rest.as_chunks::<6>().0.get(..u16::from_be_bytes(*count).into()).ok_or_else(cut)?;
        let definition = |&[a, b, c, d, e, f]: &[u8; 6]| Self {
            channel: u16::from_be_bytes([a, b]).into(),
            kind: u16::from_be_bytes([c, d]),
            association: u16::from_be_bytes([e, f]),
        };
        Ok(fields.iter().map(definition).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_one_or_two_bytes() {
        let palette = Palette::read(&[0, 2, 2, 7, 11, 9, 0x0a, 0xbc, 8, 0, 1]).expect("a palette");
        assert_eq!(palette.precisions, [8, 12]);
        assert_eq!((palette.value(0, 0), palette.value(0, 1)), (9, 0xabc));
        assert_eq!((palette.value(1, 1), palette.value(7, 0), palette.value(-1, 0)), (1, 8, 9));
        for wrong in
            [&[0, 2, 1, 7, 1][..], &[0, 0, 1, 7], &[0, 1, 0], &[4, 1, 1, 7], &[0, 1, 1, 0x87, 0], &[]]
        {
            assert!(Palette::read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn mappings_and_definitions() {
        let mapped = Mapping::read_all(&[0, 2, 0, 9, 0, 0, 1, 1]).expect("mappings");
        assert_eq!(mapped[0], Mapping { component: 2, column: None });
        assert_eq!(mapped[1], Mapping { component: 0, column: Some(1) });
        assert!(Mapping::read_all(&[0; 5]).is_err());
        let defined = Definition::read_all(&[0, 1, 0, 3, 0, 1, 0, 0, 9]).expect("definitions");
        assert_eq!(defined, [Definition { channel: 3, kind: 1, association: 0 }]);
        assert!(Definition::read_all(&[0, 2, 0, 3, 0, 1, 0, 0]).is_err());
    }
}
