//! The fields that say how tiles become pixels. Pure.
//! TIFF 6.0 sections 3 to 6, 14 (predictor), 16 (CMYK), 18 (ExtraSamples), 21 (YCbCr); Technical Note 2 (JPEG); libtiff's
//! numbers for Zstandard and WebP.

use crate::format::tiff::code::{compression, extra_samples, photometric, planar_configuration, predictor};
use crate::ifd::{Field, tag};
use crate::picture::Channels;
use crate::pyramid::{Compression, Settings, Subsampling};

/// Of all levels whose tiles are made of rows.
pub(super) fn fields(settings: &Settings, jpeg_tables: Option<&[u8]>) -> Vec<Field> {
    let (channels, bits) = (settings.pixels.channels, settings.pixels.depth.bits());
    let count = channels.count();
    let mut fields = vec![
        Field::shorts(tag::BITS_PER_SAMPLE, &vec![bits.into(); count]),
        Field::shorts(tag::SAMPLES_PER_PIXEL, &[count as u16]),
        Field::shorts(tag::PLANAR_CONFIGURATION, &[planar_configuration::CHUNKY]),
        Field::shorts(tag::COMPRESSION, &[code_of(settings.compression)]),
        Field::shorts(tag::PHOTOMETRIC_INTERPRETATION, &[photometric_of(channels, settings.compression)]),
    ];
    if settings.predicts() {
        fields.push(Field::shorts(tag::PREDICTOR, &[predictor::HORIZONTAL]));
    }
    if channels.has_alpha() {
        fields.push(Field::shorts(tag::EXTRA_SAMPLES, &[extra_samples::UNASSOCIATED_ALPHA]));
    }
    fields.extend(jpeg_tables.map(|tables| Field::bytes(tag::JPEG_TABLES, tables)));
    if let (Channels::Rgb, Compression::Jpeg { subsampling, .. }) = (channels, settings.compression) {
        let factors = match subsampling {
            Subsampling::S444 => [1, 1],
            Subsampling::S422 => [2, 1],
            Subsampling::S420 => [2, 2],
        };
        fields.push(Field::shorts(tag::YCBCR_SUB_SAMPLING, &factors));
        // Full range.
        fields.push(Field::rationals(tag::REFERENCE_BLACK_WHITE, &[0, 255, 128, 255, 128, 255]));
    }
    fields
}

fn code_of(compression: Compression) -> u16 {
    match compression {
        Compression::None => compression::NONE,
        Compression::Lzw => compression::LZW,
        Compression::Deflate { .. } => compression::ADOBE_DEFLATE,
        Compression::Zstd { .. } => compression::ZSTD,
        Compression::Jpeg { .. } => compression::JPEG,
        Compression::WebP { .. } => compression::WEBP,
    }
}

fn photometric_of(channels: Channels, compression: Compression) -> u16 {
    match (channels, compression) {
        (Channels::Gray | Channels::GrayAlpha, _) => photometric::BLACK_IS_ZERO,
        (Channels::Cmyk, _) => photometric::SEPARATED,
        (Channels::Rgb, Compression::Jpeg { .. }) => photometric::YCBCR,
        (Channels::Rgb | Channels::Rgba, _) => photometric::RGB,
    }
}
