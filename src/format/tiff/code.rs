//! The numbers that stand for values of TIFF tags, by the names of TIFF 6.0, its technical notes, and libtiff.

#![allow(missing_docs, reason = "the names are those of the standard")]

/// Tag Compression.
pub mod compression {
    pub const NONE: u16 = 1;
    pub const CCITT_RLE: u16 = 2;
    pub const CCITT_T4: u16 = 3;
    pub const CCITT_T6: u16 = 4;
    pub const LZW: u16 = 5;
    pub const OLD_JPEG: u16 = 6;
    pub const JPEG: u16 = 7;
    pub const ADOBE_DEFLATE: u16 = 8;
    pub const CCITT_RLE_WORD: u16 = 32_771;
    pub const PACK_BITS: u16 = 32_773;
    pub const DEFLATE: u16 = 32_946;
    pub const APERIO_YCBCR: u16 = 33_003;
    pub const APERIO_JPEG_2000: u16 = 33_004;
    pub const APERIO_RGB: u16 = 33_005;
    pub const JPEG_2000: u16 = 34_712;
    pub const LZMA: u16 = 34_925;
    pub const ZSTD: u16 = 50_000;
    pub const WEBP: u16 = 50_001;
}

/// Tag PhotometricInterpretation.
pub mod photometric {
    pub const WHITE_IS_ZERO: u16 = 0;
    pub const BLACK_IS_ZERO: u16 = 1;
    pub const RGB: u16 = 2;
    pub const PALETTE: u16 = 3;
    pub const TRANSPARENCY_MASK: u16 = 4;
    pub const SEPARATED: u16 = 5;
    pub const YCBCR: u16 = 6;
    pub const CIE_LAB: u16 = 8;
    pub const ICC_LAB: u16 = 9;
}

/// Tag Predictor.
pub mod predictor {
    pub const NONE: u16 = 1;
    pub const HORIZONTAL: u16 = 2;
    pub const FLOATING_POINT: u16 = 3;
}

/// Tag PlanarConfiguration.
pub mod planar_configuration {
    pub const CHUNKY: u16 = 1;
    pub const PLANAR: u16 = 2;
}

/// Tag ResolutionUnit.
pub mod resolution_unit {
    pub const INCH: u16 = 2;
    pub const CENTIMETRE: u16 = 3;
}

/// Tag ExtraSamples.
pub mod extra_samples {
    pub const ASSOCIATED_ALPHA: u16 = 1;
    pub const UNASSOCIATED_ALPHA: u16 = 2;
}

/// Bits of tag NewSubfileType.
pub mod new_subfile_type {
    pub const REDUCED: u16 = 1;
    pub const MASK: u16 = 4;
}

/// Tag SubfileType.
pub mod subfile_type {
    pub const REDUCED: u16 = 2;
}

/// Tag FillOrder.
pub mod fill_order {
    pub const REVERSED: u16 = 2;
}
