//! JPEGs of 9 to 16 bits a sample: the only door to libjpeg-turbo itself, whose safe binding has 8 bits only, and every
//! `unsafe` of it is here. The instance of the library belongs to [`Handle`], which frees it on every way out, and is made
//! for one stream: neither what it failed at nor the tables of one stream are there for the next. `turbojpeg.h` has the
//! contracts of the functions. ITU-T T.81 B.2.2: 12 bits with loss, up to 16 without.

#![allow(unsafe_code)]

use std::ffi::{CStr, c_int, c_void};
use std::ptr::NonNull;

use turbojpeg::{Colorspace, ScalingFactor};
use turbojpeg_sys as raw;

use super::MAX_SCANS;
use super::decoder::{damaged, decode_sound};
use crate::error::MasterError;
use crate::picture::Dimensions;
use crate::watch::Watch;

/// The header of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Size of the picture.
    pub dimensions: Dimensions,
    /// What its components are.
    pub colours: Colorspace,
    /// Bits of a sample: 2 to 16.
    pub bits: u32,
    /// Whether samples are coded, not blocks (SOF3).
    pub lossless: bool,
}

impl Header {
    /// Reads the markers up to the first scan.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] with the words of the library.
    pub(crate) fn read(stream: &[u8]) -> Result<Self, MasterError> {
        Handle::new().and_then(|mut handle| handle.header(stream)).map_err(|error| damaged(&error))
    }

    /// Samples of a decoded pixel: gray, red, green and blue, or inks.
    pub(crate) fn count(&self) -> usize {
        match self.colours {
            Colorspace::Gray => 1,
            Colorspace::RGB | Colorspace::YCbCr => 3,
            Colorspace::CMYK | Colorspace::YCCK => 4,
        }
    }

    /// All pixels of the stream that this is the header of, scaled by `factor`: interleaved samples from 0 to the
    /// greatest number of so many bits; without loss, a damaged stream may have greater ones. The caller has checked
    /// that they are not too many.
    ///
    /// # Errors
    /// [`MasterError`] if the stream is damaged, has 8 bits or fewer, or colours that the library does not convert;
    /// [`MasterError::Stopped`] before or after a pass of the library.
    pub(crate) fn decode(
        &self,
        stream: &[u8],
        factor: ScalingFactor,
        watch: &Watch,
    ) -> Result<Vec<u16>, MasterError> {
        if self.lossless && matches!(self.colours, Colorspace::YCbCr | Colorspace::YCCK) {
            return Err(MasterError::unsupported(format!("lossless JPEG of {:?}", self.colours)));
        }
        let mut samples = vec![0; self.samples(factor)];
        decode_sound(stream, watch, |stream| Handle::new()?.decode(stream, self, factor, &mut samples))?;
        Ok(samples)
    }

    /// Samples of a decoded row, and of all rows. Sides have 16 bits: see [`Handle::header`].
    fn row(&self, factor: ScalingFactor) -> usize {
        factor.scale(self.dimensions.width as usize) * self.count()
    }

    fn samples(&self, factor: ScalingFactor) -> usize {
        self.row(factor) * factor.scale(self.dimensions.height as usize)
    }
}

/// A decompressor of the library.
struct Handle(NonNull<c_void>);

impl Handle {
    fn new() -> Result<Self, String> {
        // SAFETY: nothing goes in; what comes out is null, or an instance that nobody else has.
        let handle = unsafe { raw::tj3Init(raw::TJINIT_TJINIT_DECOMPRESS as c_int) };
        let handle = Self(NonNull::new(handle).ok_or("no decompressor can be made")?);
        // SAFETY: the instance lives as long as `handle`.
        let set = unsafe {
            raw::tj3Set(handle.0.as_ptr(), raw::TJPARAM_TJPARAM_SCANLIMIT as c_int, MAX_SCANS as c_int)
        };
        handle.outcome(set).map(|()| handle)
    }

    fn header(&mut self, stream: &[u8]) -> Result<Header, String> {
        // SAFETY: the instance lives as long as `self`; the library reads the bytes of the slice during the call only,
        // and no more than the length that is passed.
        let read = unsafe {
            raw::tj3DecompressHeader(self.0.as_ptr(), stream.as_ptr(), stream.len() as raw::size_t)
        };
        self.outcome(read)?;
        let side = |parameter| u16::try_from(self.parameter(parameter)).map_err(|_| "no picture".to_owned());
        Ok(Header {
            dimensions: Dimensions::new(
                side(raw::TJPARAM_TJPARAM_JPEGWIDTH)?.into(),
                side(raw::TJPARAM_TJPARAM_JPEGHEIGHT)?.into(),
            ),
            colours: colours(self.parameter(raw::TJPARAM_TJPARAM_COLORSPACE)).ok_or("unknown colours")?,
            bits: side(raw::TJPARAM_TJPARAM_PRECISION)?.into(),
            lossless: self.parameter(raw::TJPARAM_TJPARAM_LOSSLESS) == 1,
        })
    }

    /// Fills `samples` with the pixels of a stream that has this header. Without loss, nothing can be scaled.
    fn decode(
        &mut self,
        stream: &[u8],
        expected: &Header,
        factor: ScalingFactor,
        samples: &mut [u16],
    ) -> Result<(), String> {
        let has_room = samples.len() == expected.samples(factor);
        let is_scalable = !expected.lossless || factor == ScalingFactor::ONE;
        if self.header(stream)? != *expected || !has_room || !is_scalable {
            return Err("headers that contradict each other".to_owned());
        }
        self.scale(factor)?;
        let (handle, bytes, length) = (self.0.as_ptr(), stream.as_ptr(), stream.len() as raw::size_t);
        let layout = layout(expected.colours);
        let pitch = c_int::try_from(expected.row(factor)).map_err(|_| "rows that are too long")?;
        let decoded = match expected.bits {
            // SAFETY: the instance lives as long as `self`, and the slices longer than the call. The library reads the header
            // of the same bytes again, so that it writes what `has_room` has counted: the height, scaled as the library
            // does it, times `pitch` samples of 16 bits. Of a stream of other bits than these it writes nothing. A
            // `c_short` is as large as a `u16`, and any bits are one.
            9..=12 => unsafe {
                raw::tj3Decompress12(handle, bytes, length, samples.as_mut_ptr().cast(), pitch, layout)
            },
            // SAFETY: as above.
            13..=16 => unsafe {
                raw::tj3Decompress16(handle, bytes, length, samples.as_mut_ptr(), pitch, layout)
            },
            bits => return Err(format!("{bits} bits where more are expected")),
        };
        self.outcome(decoded)
    }

    fn scale(&mut self, factor: ScalingFactor) -> Result<(), String> {
        let factor = raw::tjscalingfactor { num: factor.num() as c_int, denom: factor.denom() as c_int };
        // SAFETY: the instance lives as long as `self`; the factor goes by value, and is looked up among those there are.
        let set = unsafe { raw::tj3SetScalingFactor(self.0.as_ptr(), factor) };
        self.outcome(set)
    }

    fn parameter(&self, parameter: raw::TJPARAM) -> c_int {
        // SAFETY: the instance lives as long as `self`; of a parameter that it does not know it gives -1.
        unsafe { raw::tj3Get(self.0.as_ptr(), parameter as c_int) }
    }

    /// The library's message for its failure or warning.
    fn outcome(&self, result: c_int) -> Result<(), String> {
        if result == 0 {
            return Ok(());
        }
        // SAFETY: the instance lives as long as `self`. The library gives a text of its own that ends with a zero, never null,
        // and writes to it in later calls by this thread only: it is copied before.
        let text = unsafe { CStr::from_ptr(raw::tj3GetErrorStr(self.0.as_ptr())) };
        Err(text.to_string_lossy().into_owned())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: it comes from `tj3Init`, and is freed here only.
        unsafe { raw::tj3Destroy(self.0.as_ptr()) }
    }
}

fn colours(number: c_int) -> Option<Colorspace> {
    Some(match u32::try_from(number).ok()? {
        raw::TJCS_TJCS_GRAY => Colorspace::Gray,
        raw::TJCS_TJCS_RGB => Colorspace::RGB,
        raw::TJCS_TJCS_YCbCr => Colorspace::YCbCr,
        raw::TJCS_TJCS_CMYK => Colorspace::CMYK,
        raw::TJCS_TJCS_YCCK => Colorspace::YCCK,
        _ => return None,
    })
}

/// The colours that the library is to give: as many samples a pixel as [`Header::count`] says.
fn layout(colours: Colorspace) -> raw::TJPF {
    match colours {
        Colorspace::Gray => raw::TJPF_TJPF_GRAY,
        Colorspace::RGB | Colorspace::YCbCr => raw::TJPF_TJPF_RGB,
        Colorspace::CMYK | Colorspace::YCCK => raw::TJPF_TJPF_CMYK,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::ptr::null_mut;

    use super::*;

    const SIZE: Dimensions = Dimensions::new(203, 117);

    /// How a test has the library encode.
    #[derive(Clone, Copy)]
    pub(crate) struct Encoding {
        pub bits: u32,
        /// What the samples are, and what their components become.
        pub from: Colorspace,
        pub to: Colorspace,
        /// A parameter beside these, and its value.
        pub also: (raw::TJPARAM, c_int),
    }

    const LOSSLESS: (raw::TJPARAM, c_int) = (raw::TJPARAM_TJPARAM_LOSSLESS, 1);
    const PROGRESSIVE: (raw::TJPARAM, c_int) = (raw::TJPARAM_TJPARAM_PROGRESSIVE, 1);
    const ARITHMETIC: (raw::TJPARAM, c_int) = (raw::TJPARAM_TJPARAM_ARITHMETIC, 1);
    const RESTARTS: (raw::TJPARAM, c_int) = (raw::TJPARAM_TJPARAM_RESTARTROWS, 1);
    const SUBSAMPLED: (raw::TJPARAM, c_int) = (raw::TJPARAM_TJPARAM_SUBSAMP, 2);

    /// A JPEG of the highest quality.
    pub(crate) fn encoded(samples: &[u16], size: Dimensions, encoding: Encoding) -> Vec<u8> {
        let count = samples.len() as u64 / size.area();
        assert_eq!(samples.len() as u64, size.area() * count);
        let (width, height) = (size.width as c_int, size.height as c_int);
        let (pitch, layout) = (width * count as c_int, layout(encoding.from));
        let (mut buffer, mut length) = (null_mut(), 0);
        // SAFETY: the instance lives until `tj3Destroy`; there are as many samples as the sizes say; the buffer is the
        // library's, holds `length` bytes after success, is copied, and given back once.
        unsafe {
            let handle = raw::tj3Init(raw::TJINIT_TJINIT_COMPRESS as c_int);
            let settings = [
                (raw::TJPARAM_TJPARAM_PRECISION, encoding.bits as c_int),
                (raw::TJPARAM_TJPARAM_COLORSPACE, encoding.to as c_int),
                (raw::TJPARAM_TJPARAM_SUBSAMP, if count == 1 { 3 } else { 0 }),
                (raw::TJPARAM_TJPARAM_QUALITY, 100),
                encoding.also,
            ];
            for (parameter, value) in settings {
                assert_eq!(raw::tj3Set(handle, parameter as c_int, value), 0);
            }
            let (from, to, size) = (samples.as_ptr(), &raw mut buffer, &raw mut length);
            let made = match encoding.bits {
                ..=12 => raw::tj3Compress12(handle, from.cast(), width, pitch, height, layout, to, size),
                _ => raw::tj3Compress16(handle, from, width, pitch, height, layout, to, size),
            };
            assert_eq!(made, 0, "{:?}", CStr::from_ptr(raw::tj3GetErrorStr(handle)));
            let stream = std::slice::from_raw_parts(buffer, length as usize).to_vec();
            raw::tj3Free(buffer.cast());
            raw::tj3Destroy(handle);
            stream
        }
    }

    /// Waves from end to end of the numbers of so many bits.
    pub(crate) fn waves(size: Dimensions, count: u32, bits: u32) -> Vec<u16> {
        let greatest = f64::from((1u32 << bits) - 1);
        let sample = |x: u32, y: u32, c: u32| {
            let (x, y) = (f64::from(x + 40 * c), f64::from(y));
            ((0.5 + 0.5 * (x / 19.0).sin() * (y / 23.0).cos()) * greatest).round() as u16
        };
        let places = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
        places.flat_map(|(x, y)| (0..count).map(move |c| sample(x, y, c))).collect()
    }

    fn stream(bits: u32, colours: Colorspace, also: (raw::TJPARAM, c_int)) -> (Vec<u16>, Vec<u8>) {
        let from = match colours {
            Colorspace::YCbCr => Colorspace::RGB,
            Colorspace::YCCK => Colorspace::CMYK,
            other => other,
        };
        let header = Header { dimensions: SIZE, colours: from, bits, lossless: false };
        let samples = waves(SIZE, header.count() as u32, bits);
        let stream = encoded(&samples, SIZE, Encoding { bits, from, to: colours, also });
        (samples, stream)
    }

    fn decoded(stream: &[u8]) -> Result<Vec<u16>, MasterError> {
        Header::read(stream)?.decode(stream, ScalingFactor::ONE, &Watch::unlimited())
    }

    fn furthest(some: &[u16], others: &[u16]) -> u16 {
        assert_eq!(some.len(), others.len());
        some.iter().zip(others).map(|(one, other)| one.abs_diff(*other)).max().expect("samples")
    }

    #[test]
    fn twelve_bits_come_back_as_they_went_in() {
        for (colours, also, tolerance) in [
            (Colorspace::Gray, RESTARTS, 2),
            (Colorspace::Gray, PROGRESSIVE, 2),
            (Colorspace::RGB, ARITHMETIC, 2),
            (Colorspace::YCbCr, RESTARTS, 6),
            (Colorspace::YCbCr, PROGRESSIVE, 6),
            (Colorspace::YCbCr, SUBSAMPLED, 160),
            (Colorspace::CMYK, RESTARTS, 2),
            (Colorspace::YCCK, PROGRESSIVE, 6),
        ] {
            let (samples, stream) = stream(12, colours, also);
            let header = Header::read(&stream).expect("a header");
            assert_eq!(header, Header { dimensions: SIZE, colours, bits: 12, lossless: false });
            let furthest = furthest(&decoded(&stream).expect("decoded"), &samples);
            assert!(furthest <= tolerance, "{colours:?} {also:?}: {furthest}");
        }
    }

    #[test]
    fn without_loss_every_number_of_bits_comes_back() {
        for bits in 9..=16 {
            for colours in [Colorspace::Gray, Colorspace::RGB, Colorspace::CMYK] {
                let (samples, stream) = stream(bits, colours, LOSSLESS);
                let header = Header::read(&stream).expect("a header");
                assert_eq!(header, Header { dimensions: SIZE, colours, bits, lossless: true });
                assert_eq!(decoded(&stream).as_ref(), Ok(&samples), "{bits} bits of {colours:?}");
                assert!(header.decode(&stream, ScalingFactor::ONE_HALF, &Watch::unlimited()).is_err());
            }
        }
    }

    #[test]
    fn a_half_is_the_mean_of_four() {
        let (samples, stream) = stream(12, Colorspace::Gray, RESTARTS);
        let header = Header::read(&stream).expect("a header");
        let half = header.decode(&stream, ScalingFactor::ONE_HALF, &Watch::unlimited()).expect("decoded");
        assert_eq!(half.len(), 102 * 59);
        for (x, y) in [(0, 0), (50, 29), (100, 57)] {
            let sample = |x: usize, y: usize| u32::from(samples[y * SIZE.width as usize + x]);
            let four =
                [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(right, down)| sample(2 * x + right, 2 * y + down));
            let mean = four.iter().sum::<u32>() / 4;
            assert!(u32::from(half[y * 102 + x]).abs_diff(mean) < 12, "{x}, {y}");
        }
    }

    #[test]
    fn a_missing_end_takes_nothing_away() {
        for also in [RESTARTS, PROGRESSIVE] {
            let (_, stream) = stream(12, Colorspace::YCbCr, also);
            let cut = &stream[..stream.len() - 2];
            assert_eq!(decoded(cut), decoded(&stream));
            assert!(decoded(&stream[..stream.len() - 60]).is_err());
        }
    }

    #[test]
    fn what_is_damaged_is_an_error_and_harms_nobody() {
        for (bits, also) in [(12, RESTARTS), (12, PROGRESSIVE), (12, LOSSLESS), (16, LOSSLESS)] {
            let (_, stream) = stream(bits, Colorspace::RGB, also);
            let sound = decoded(&stream).expect("decoded");
            let frame =
                stream.windows(2).position(|two| matches!(two, [0xff, 0xc1..=0xc3])).expect("a frame");
            for (at, value) in [
                (4, if also == LOSSLESS { 18 } else { 13 }),
                (4, 17),
                (4, 0),
                (4, 1),
                (5, 0xff),
                (9, 0),
                (9, 2),
                (11, 0x55),
            ] {
                let mut wrong = stream.clone();
                wrong[frame + at] = value;
                let read = Header::read(&wrong).and_then(|header| match header.dimensions == SIZE {
                    true => decoded(&wrong),
                    false => Err(MasterError::damaged("another size")),
                });
                assert!(read.is_err(), "{bits} bits: {value} at {at}");
            }
            for length in (0..stream.len() - 2).step_by(stream.len() / 40) {
                assert!(decoded(&stream[..length]).is_err(), "{bits} bits, {length} bytes");
            }
            for at in (2..stream.len()).step_by(stream.len() / 60) {
                let mut wrong = stream.clone();
                wrong[at] = !wrong[at];
                let _ = Header::read(&wrong).map(|it| (it.dimensions == SIZE).then(|| decoded(&wrong)));
            }
            assert_eq!(decoded(&stream), Ok(sound));
        }
    }

    #[test]
    fn eight_bits_are_for_the_safe_binding() {
        let image = turbojpeg::Image {
            pixels: &[7; 64][..],
            width: 8,
            pitch: 8,
            height: 8,
            format: turbojpeg::PixelFormat::GRAY,
        };
        let stream = turbojpeg::compress(image, 85, turbojpeg::Subsamp::Gray).expect("compressed");
        assert_eq!(Header::read(&stream).expect("a header").bits, 8);
        assert!(decoded(&stream).is_err());
    }
}
