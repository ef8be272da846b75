//! One number of one channel, of 8 or of 16 bits: what rasters are made of.
//! Pure. All operations on rasters are written once, for both depths.

use std::borrow::Cow;
use std::fmt::Debug;

use bytemuck::Pod;

use super::Raster;
use crate::picture::Depth;

/// A sample: 0 is black, no ink or transparent, [`Sample::MAX`] white, full ink or opaque.
pub trait Sample:
    Pod + Send + Sync + Default + Debug + PartialEq + Into<u32> + Into<f32> + private::Sealed
{
    /// How many bits it has.
    const DEPTH: Depth;

    /// The greatest: 255 or 65535.
    const MAX: u32;

    /// The sample `value`, which is at most [`Sample::MAX`].
    fn of(value: u32) -> Self;

    /// The number that it is.
    fn number(self) -> u32 {
        self.into()
    }

    /// The number that it is, to compute with.
    fn real(self) -> f32 {
        self.into()
    }

    /// The sample nearest to `value`; 0 if that is no number.
    fn nearest(value: f64) -> Self {
        // `as` saturates.
        Self::of((value.round() as u32).min(Self::MAX))
    }

    /// The share of full scale of an 8-bit value.
    fn of_8(value: u8) -> Self;

    /// The share of full scale of a 16-bit value, rounded to the nearest sample.
    fn of_16(value: u16) -> Self;

    /// The difference to another sample, modulo full scale and one.
    fn wrapping_sub(self, other: Self) -> Self {
        Self::of(self.number().wrapping_sub(other.number()) & Self::MAX)
    }

    /// The sum with another sample, modulo full scale and one.
    fn wrapping_add(self, other: Self) -> Self {
        Self::of(self.number().wrapping_add(other.number()) & Self::MAX)
    }

    /// The bytes of samples, least significant first, as TIFFs are written.
    fn little_endian(samples: &[Self]) -> Cow<'_, [u8]>;

    /// The samples of bytes in that order.
    fn from_little_endian(bytes: Vec<u8>) -> Vec<Self>;

    /// The bytes of samples, most significant first, as PNG has them.
    fn big_endian(samples: &[Self]) -> Cow<'_, [u8]>;

    /// The raster in 8 bits a sample, each rounded to the nearest; itself if it has them.
    fn in_8(raster: Raster<Self>) -> Raster<u8>;
}

impl Sample for u8 {
    const DEPTH: Depth = Depth::Eight;
    const MAX: u32 = 255;

    fn of(value: u32) -> Self {
        value as Self
    }

    fn of_8(value: u8) -> Self {
        value
    }

    fn of_16(value: u16) -> Self {
        // 65535 / 255 is 257.
        ((u32::from(value) + 128) / 257) as Self
    }

    fn little_endian(samples: &[Self]) -> Cow<'_, [u8]> {
        samples.into()
    }

    fn from_little_endian(bytes: Vec<u8>) -> Vec<Self> {
        bytes
    }

    fn big_endian(samples: &[Self]) -> Cow<'_, [u8]> {
        samples.into()
    }

    fn in_8(raster: Raster<Self>) -> Raster<u8> {
        raster
    }
}

impl Sample for u16 {
    const DEPTH: Depth = Depth::Sixteen;
    const MAX: u32 = 65_535;

    fn of(value: u32) -> Self {
        value as Self
    }

    fn of_8(value: u8) -> Self {
        Self::from(value) * 257
    }

    fn of_16(value: u16) -> Self {
        value
    }

    fn little_endian(samples: &[Self]) -> Cow<'_, [u8]> {
        match cfg!(target_endian = "little") {
            true => bytemuck::cast_slice(samples).into(),
            false => samples.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
        }
    }

    fn from_little_endian(bytes: Vec<u8>) -> Vec<Self> {
        bytes.as_chunks().0.iter().map(|sample| Self::from_le_bytes(*sample)).collect()
    }

    fn big_endian(samples: &[Self]) -> Cow<'_, [u8]> {
        samples.iter().flat_map(|sample| sample.to_be_bytes()).collect()
    }

    fn in_8(raster: Raster<Self>) -> Raster<u8> {
        raster.map(u8::of_16)
    }
}

mod private {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for u16 {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_are_rounded_to_the_nearest_of_eight() {
        let samples = [0u16, 128, 129, 32_896, 65_406, 65_407, 65_535];
        assert_eq!(samples.map(u8::of_16), [0, 0, 1, 128, 254, 255, 255]);
        for value in 0..=255 {
            assert_eq!(u8::of_16(u16::of_8(value)), value);
        }
    }
}
