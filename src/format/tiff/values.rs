//! The values of TIFF tags that Recto understands.
//! TIFF 6.0, its technical notes, and the values that libtiff registered since.

use super::code::{compression, photometric};
use crate::error::MasterError;
use crate::picture::Codec;

/// How the bytes of a tile or strip are compressed (tag Compression).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// 1: not at all.
    None,
    /// 2, 3, 4 and 32771: the codes of fax machines.
    Ccitt(Ccitt),
    /// 5: LZW.
    Lzw,
    /// 6: JPEG as TIFF 6.0 section 22 defines it, and as writers understood that.
    OldJpeg,
    /// 7: JPEG as TIFF Technical Note 2 defines it.
    Jpeg,
    /// 8 and 32946: deflate with a zlib header.
    Deflate,
    /// 33003 to 33005 and 34712: JPEG 2000, each piece a codestream.
    Jpeg2000(Colours),
    /// 32773: PackBits.
    PackBits,
    /// 34925: LZMA2 in the format of xz.
    Lzma,
    /// 50000: Zstandard.
    Zstd,
    /// 50001: WebP.
    WebP,
}

/// How rows of a bilevel image are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ccitt {
    /// Runs without marks, each row at a multiple of so many bits: modified Huffman.
    Runs {
        /// 8 or 16.
        align: usize,
    },
    /// T.4, also called group 3.
    T4 {
        /// Whether rows say if they are coded by the one before (T4Options).
        two_dimensional: bool,
    },
    /// T.6, also called group 4.
    T6,
}

/// What the numbers for JPEG 2000 say about the components.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Colours {
    /// 34712: they are what PhotometricInterpretation says.
    AsTold,
    /// 33003 and 33004: three are YCbCr, whatever it says.
    YCbCr,
    /// 33005: RGB, whatever it says.
    Rgb,
}

impl Compression {
    /// Whether what is decoded is pixels of 8 bits a sample, YCbCr among them as RGB.
    pub fn is_of_pictures(self) -> bool {
        matches!(self, Self::OldJpeg | Self::Jpeg | Self::WebP)
    }

    /// What decompresses it.
    pub(super) fn codec(self) -> Codec {
        match self {
            Self::None | Self::PackBits => Codec::Plain,
            Self::Ccitt(_) => Codec::Fax,
            Self::Lzw => Codec::Lzw,
            Self::OldJpeg | Self::Jpeg => Codec::Jpeg,
            Self::Deflate => Codec::Deflate,
            Self::Jpeg2000(_) => Codec::Jpeg2000,
            Self::Lzma => Codec::Lzma,
            Self::Zstd => Codec::Zstd,
            Self::WebP => Codec::WebP,
        }
    }

    /// The compression that the tag's value names; `t4_options` is the value of the tag of that name.
    ///
    /// # Errors
    /// [`MasterError::Unsupported`] with the common name of what Recto does not read.
    pub fn from_tag(value: u64, t4_options: u64) -> Result<Self, MasterError> {
        // 0 is none of them.
        let name = match u16::try_from(value).unwrap_or(0) {
            compression::NONE => return Ok(Self::None),
            compression::CCITT_RLE => return Ok(Self::Ccitt(Ccitt::Runs { align: 8 })),
            compression::CCITT_T4 => {
                return Ok(Self::Ccitt(Ccitt::T4 { two_dimensional: t4_options & 1 == 1 }));
            }
            compression::CCITT_T6 => return Ok(Self::Ccitt(Ccitt::T6)),
            compression::LZW => return Ok(Self::Lzw),
            compression::OLD_JPEG => return Ok(Self::OldJpeg),
            compression::JPEG => return Ok(Self::Jpeg),
            compression::ADOBE_DEFLATE | compression::DEFLATE => return Ok(Self::Deflate),
            compression::CCITT_RLE_WORD => return Ok(Self::Ccitt(Ccitt::Runs { align: 16 })),
            compression::PACK_BITS => return Ok(Self::PackBits),
            compression::APERIO_YCBCR | compression::APERIO_JPEG_2000 => {
                return Ok(Self::Jpeg2000(Colours::YCbCr));
            }
            compression::APERIO_RGB => return Ok(Self::Jpeg2000(Colours::Rgb)),
            compression::JPEG_2000 => return Ok(Self::Jpeg2000(Colours::AsTold)),
            compression::LZMA => return Ok(Self::Lzma),
            compression::ZSTD => return Ok(Self::Zstd),
            compression::WEBP => return Ok(Self::WebP),
            9 | 10 | 34661 => "JBIG",
            32766 => "NeXT",
            32809 => "ThunderScan",
            32909 => "PixarLog",
            34676 | 34677 => "SGI LogLuv",
            34887 => "LERC",
            34892 => "lossy DNG JPEG",
            34933 => "PNG",
            22610 | 34934 => "JPEG XR",
            50002 | 52546 => "JPEG XL",
            _ => "unknown",
        };
        Err(MasterError::unsupported(format!("TIFF compression {value} ({name})")))
    }
}

/// What the samples mean (tag PhotometricInterpretation).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Photometric {
    /// 0: gray, 0 is white.
    WhiteIsZero,
    /// 1: gray, 0 is black.
    BlackIsZero,
    /// 2: red, green, blue.
    Rgb,
    /// 3: an index into ColorMap.
    Palette,
    /// 5: inks; cyan, magenta, yellow, black.
    Separated,
    /// 5, with three inks: cyan, magenta, yellow.
    Cmy,
    /// 6: luma and two chroma differences.
    YCbCr,
    /// 8: L*, and signed a*, b*.
    CieLab,
    /// 9: L*, and a*, b* offset by half their range, as ICC encodes them.
    IccLab,
}

impl Photometric {
    /// The interpretation that the tag's value names.
    ///
    /// # Errors
    /// [`MasterError::Unsupported`] with the value, and its name if it has one.
    pub fn from_tag(value: u64) -> Result<Self, MasterError> {
        // 65535 is none of them.
        let name = match u16::try_from(value).unwrap_or(u16::MAX) {
            photometric::WHITE_IS_ZERO => return Ok(Self::WhiteIsZero),
            // Of a mask, white is where something shows.
            photometric::BLACK_IS_ZERO | photometric::TRANSPARENCY_MASK => return Ok(Self::BlackIsZero),
            photometric::RGB => return Ok(Self::Rgb),
            photometric::PALETTE => return Ok(Self::Palette),
            photometric::SEPARATED => return Ok(Self::Separated),
            photometric::YCBCR => return Ok(Self::YCbCr),
            photometric::CIE_LAB => return Ok(Self::CieLab),
            photometric::ICC_LAB => return Ok(Self::IccLab),
            10 => "ITU L*a*b*",
            32803 => "colour filter array",
            32844 | 32845 => "LogLuv",
            _ => "unknown",
        };
        Err(MasterError::unsupported(format!("TIFF photometric interpretation {value} ({name})")))
    }

    /// Number of samples that carry colour; more are extra samples.
    pub fn colour_samples(self) -> u16 {
        match self {
            Self::WhiteIsZero | Self::BlackIsZero | Self::Palette => 1,
            Self::Separated => 4,
            Self::Rgb | Self::Cmy | Self::YCbCr | Self::CieLab | Self::IccLab => 3,
        }
    }
}

/// How the bits of a sample are to be read (tag SampleFormat).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SampleFormat {
    /// 1: unsigned integer.
    Unsigned,
    /// 2: two's complement.
    Signed,
    /// 3: IEEE floating point.
    Float,
}

/// What is done to samples before they are compressed (tag Predictor).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Predictor {
    /// 1: nothing.
    None,
    /// 2: differences between neighbours of a row.
    Horizontal,
    /// 3: differences of the bytes of floating point numbers (Adobe TIFF Technical Note 3).
    FloatingPoint,
}
