//! The numbers that stand for values of TIFF tags, by the names of TIFF 6.0, its technical notes, and libtiff.

#![allow(missing_docs, reason = "the names are those of the standard")]

/// Tag Compression.
pub(crate) mod compression {
    pub(crate) const NONE: u16 = 1;
    pub(crate) const CCITT_RLE: u16 = 2;
    pub(crate) const CCITT_T4: u16 = 3;
    pub(crate) const CCITT_T6: u16 = 4;
    pub(crate) const LZW: u16 = 5;
    pub(crate) const OLD_JPEG: u16 = 6;
    pub(crate) const JPEG: u16 = 7;
    pub(crate) const ADOBE_DEFLATE: u16 = 8;
    pub(crate) const CCITT_RLE_WORD: u16 = 32_771;
    pub(crate) const PACK_BITS: u16 = 32_773;
    pub(crate) const DEFLATE: u16 = 32_946;
    pub(crate) const APERIO_YCBCR: u16 = 33_003;
    pub(crate) const APERIO_JPEG_2000: u16 = 33_004;
    pub(crate) const APERIO_RGB: u16 = 33_005;
    pub(crate) const JPEG_2000: u16 = 34_712;
    pub(crate) const LZMA: u16 = 34_925;
    pub(crate) const ZSTD: u16 = 50_000;
    pub(crate) const WEBP: u16 = 50_001;
}

/// Tag PhotometricInterpretation.
pub(crate) mod photometric {
    pub(crate) const WHITE_IS_ZERO: u16 = 0;
    pub(crate) const BLACK_IS_ZERO: u16 = 1;
    pub(crate) const RGB: u16 = 2;
    pub(crate) const PALETTE: u16 = 3;
    pub(crate) const TRANSPARENCY_MASK: u16 = 4;
    pub(crate) const SEPARATED: u16 = 5;
    pub(crate) const YCBCR: u16 = 6;
    pub(crate) const CIE_LAB: u16 = 8;
    pub(crate) const ICC_LAB: u16 = 9;
}

/// Tag Predictor.
pub(crate) mod predictor {
    pub(crate) const NONE: u16 = 1;
    pub(crate) const HORIZONTAL: u16 = 2;
    pub(crate) const FLOATING_POINT: u16 = 3;
}

/// Tag PlanarConfiguration.
pub(crate) mod planar_configuration {
    pub(crate) const CHUNKY: u16 = 1;
    pub(crate) const PLANAR: u16 = 2;
}

/// Tag ResolutionUnit.
pub(crate) mod resolution_unit {
    pub(crate) const NONE: u16 = 1;
    pub(crate) const INCH: u16 = 2;
    pub(crate) const CENTIMETRE: u16 = 3;
}

/// Tag ExtraSamples.
pub(crate) mod extra_samples {
    pub(crate) const ASSOCIATED_ALPHA: u16 = 1;
    pub(crate) const UNASSOCIATED_ALPHA: u16 = 2;
}

/// Bits of tag NewSubfileType.
pub(crate) mod new_subfile_type {
    pub(crate) const REDUCED: u16 = 1;
    pub(crate) const MASK: u16 = 4;
}

/// Tag SubfileType.
pub(crate) mod subfile_type {
    pub(crate) const REDUCED: u16 = 2;
}

/// Tag FillOrder.
pub(crate) mod fill_order {
    pub(crate) const REVERSED: u16 = 2;
}
