//! Entries of directories, and their values, read where they are used.
//! Pure on the bytes of the file, which are announced before they are read. TIFF 6.0 section 2, BigTIFF.

use std::ops::Range;

use super::{Field, File, field_type};
use crate::error::MasterError;

/// One entry of a directory: where its values are, not what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub(super) tag: u16,
    pub(super) code: u16,
    pub(super) kind: Kind,
    pub(super) count: u64,
    /// Offset of the first value from the start of the file.
    pub(super) offset: u64,
}

/// Field types (TIFF 6.0 section 2, BigTIFF).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Byte,
    Short,
    Long,
    Rational,
    SignedByte,
    SignedShort,
    SignedLong,
    SignedRational,
    Float,
    Double,
    Long8,
    SignedLong8,
    Other,
}

impl Entry {
    /// Its tag.
    pub fn tag(&self) -> u16 {
        self.tag
    }

    /// The code of the type of its values (TIFF 6.0 section 2).
    pub fn code(&self) -> u16 {
        self.code
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The value number `index`, an integer of any width that is not negative. Some writers use the types with a sign.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if there is no such value, it is no integer, or it is negative.
    pub fn integer(&self, file: &File, index: u64) -> Result<u64, MasterError> {
        let at = self.value_at(file, index)?;
        let signed = match self.kind {
            Kind::Byte => return Ok(file.array::<1>(at)?[0].into()),
            Kind::Short => return file.u16(at).map(u64::from),
            Kind::Long => return file.u32(at).map(u64::from),
            Kind::Long8 => return file.u64(at),
            Kind::SignedByte => file.array::<1>(at)?[0].cast_signed().into(),
            Kind::SignedShort => file.u16(at)?.cast_signed().into(),
            Kind::SignedLong => file.u32(at)?.cast_signed().into(),
            Kind::SignedLong8 => file.u64(at)?.cast_signed(),
            _ => return Err(MasterError::damaged(format!("tag {} is no integer", self.tag))),
        };
        u64::try_from(signed).map_err(|_| MasterError::damaged(format!("tag {} is {signed}", self.tag)))
    }

    /// The value number `index` as a number of any kind.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if there is no such value, or it is no number.
    pub fn number(&self, file: &File, index: u64) -> Result<f64, MasterError> {
        let at = self.value_at(file, index)?;
        let signed = |at| file.u32(at).map(|bits| f64::from(bits.cast_signed()));
        Ok(match self.kind {
            Kind::SignedByte => file.array::<1>(at)?[0].cast_signed().into(),
            Kind::SignedShort => file.u16(at)?.cast_signed().into(),
            Kind::SignedLong => signed(at)?,
            Kind::SignedLong8 => file.u64(at)?.cast_signed() as f64,
            Kind::Rational => f64::from(file.u32(at)?) / f64::from(file.u32(at + 4)?),
            Kind::SignedRational => signed(at)? / signed(at + 4)?,
            Kind::Float => f32::from_bits(file.u32(at)?).into(),
            Kind::Double => f64::from_bits(file.u64(at)?),
            _ => self.integer(file, index)? as f64,
        })
    }

    /// All values as bytes in the order of the file.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if they are not all in the file.
    pub fn bytes<'a>(&self, file: &File<'a>) -> Result<&'a [u8], MasterError> {
        let (offset, length) = self.range();
        file.read(offset, length)
    }

    /// The same, to be written to another file.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if its values are not all in the file.
    pub(crate) fn field(&self, file: &File) -> Result<Field, MasterError> {
        let mut value = self.bytes(file)?.to_vec();
        if file.big_endian {
            let unit = match self.kind {
                // Two numbers.
                Kind::Rational | Kind::SignedRational => 4,
                kind => kind.size() as usize,
            };
            value.chunks_exact_mut(unit).for_each(<[u8]>::reverse);
        }
        Ok(Field::new(self.tag, self.code, self.count as usize, value))
    }

    /// Where the values lie: offset and length in bytes.
    pub fn range(&self) -> (u64, u64) {
        (self.offset, self.count.saturating_mul(self.kind.size()))
    }

    /// Where values lie, by their numbers; as far as there are so many.
    pub(crate) fn values(&self, numbers: Range<u64>) -> Range<u64> {
        let at =
            |number: u64| self.offset.saturating_add(number.min(self.count).saturating_mul(self.kind.size()));
        at(numbers.start)..at(numbers.end)
    }

    /// Where the value number `index` is, which is announced.
    fn value_at(&self, file: &File, index: u64) -> Result<u64, MasterError> {
        if index >= self.count {
            return Err(MasterError::damaged(format!("tag {} has no value number {index}", self.tag)));
        }
        let at = self.offset.saturating_add(index.saturating_mul(self.kind.size()));
        file.announce_one(at, self.kind.size())?;
        Ok(at)
    }
}

impl Kind {
    pub(super) fn of(code: u16) -> Self {
        match code {
            field_type::BYTE | field_type::ASCII | field_type::UNDEFINED => Self::Byte,
            field_type::SHORT => Self::Short,
            field_type::LONG | field_type::IFD => Self::Long,
            field_type::RATIONAL => Self::Rational,
            field_type::SBYTE => Self::SignedByte,
            field_type::SSHORT => Self::SignedShort,
            field_type::SLONG => Self::SignedLong,
            field_type::SRATIONAL => Self::SignedRational,
            field_type::FLOAT => Self::Float,
            field_type::DOUBLE => Self::Double,
            field_type::LONG8 | field_type::IFD8 => Self::Long8,
            field_type::SLONG8 => Self::SignedLong8,
            _ => Self::Other,
        }
    }

    /// Bytes per value. Unknown types are never read, so that any size will do.
    pub(super) const fn size(self) -> u64 {
        match self {
            Self::Byte | Self::SignedByte | Self::Other => 1,
            Self::Short | Self::SignedShort => 2,
            Self::Long | Self::SignedLong | Self::Float => 4,
            Self::Rational | Self::SignedRational | Self::Double | Self::Long8 | Self::SignedLong8 => 8,
        }
    }
}
