//! TIFF of one picture in strips or tiles, without loss, with alpha where there is one; nothing is resampled.
//! A 256 tile / a picture of 1000x563: deflate 1.4 / 12 ms, 84 / 626 KB; LZW 3.9 / 32 ms, 91 / 599 KB; raw 197 / 1689 KB.
//! TIFF 6.0 sections 3 to 6, 13 (LZW), 14 (predictor), 15 (tiles), 18 (ExtraSamples); Adobe Deflate.

use anyhow::Result;
use libdeflater::{CompressionLvl, Compressor};
use weezl::BitOrder;

use super::{Carried, Tiff, TiffCompression, failed};
use crate::error::{Error, Stopped};
use crate::format::tiff::code::{
    compression, extra_samples, photometric, planar_configuration, predictor, resolution_unit,
};
use crate::ifd::{Field, Layout, tag};
use crate::picture::Dimensions;
use crate::raster::{Raster, Sample};
use crate::watch::Watch;

/// Strips of about that many bytes before compression: readers hold a few of them at once.
const STRIP_BYTES: usize = 128 << 10;

/// Level 1 of 12: a client waits.
const DEFLATE_LEVEL: i32 = 1;

/// `raster` as TIFF, without the loss of anything.
pub(super) fn encode<S: Sample>(
    raster: &Raster<S>,
    settings: &Tiff,
    carried: &Carried,
    watch: &Watch,
) -> Result<Vec<u8>, Error> {
    write(raster, settings, carried, watch).map_err(|error| match error.downcast::<Stopped>() {
        Ok(why) => why.into(),
        Err(error) => failed("TIFF", format!("{error:#}")),
    })
}

/// The pixels first, then the directory with their offsets.
fn write<S: Sample>(
    raster: &Raster<S>,
    settings: &Tiff,
    carried: &Carried,
    watch: &Watch,
) -> Result<Vec<u8>> {
    // Pixels that do not compress may grow by a half.
    let layout = if size_of_val(&raster.pixels[..]) < 2 << 30 { Layout::Classic } else { Layout::Big };
    let mut file = layout.header(0)?;
    let header_bytes = file.len();
    let piece = piece_size(raster, settings.tile);
    let (mut offsets, mut counts) = (Vec::new(), Vec::new());
    for y in (0..raster.dimensions.height).step_by(piece.height as usize) {
        for x in (0..raster.dimensions.width).step_by(piece.width as usize) {
            watch.check()?;
            let start = file.len();
            let (pixels, row_length) = cut(raster, x, y, piece, settings.tile.is_some());
            compress(pixels, row_length, raster.channels.count(), settings.compression, &mut file)?;
            offsets.push(start as u64);
            counts.push((file.len() - start) as u64);
            file.resize(file.len().next_multiple_of(2), 0); // offsets are even
        }
    }
    let mut fields = pixel_fields(raster, settings.compression);
    fields.extend(piece_fields(piece, settings.tile.is_some(), layout, &offsets, &counts)?);
    fields.extend(carried.profile.as_deref().map(|profile| Field::bytes(tag::ICC_PROFILE, profile)));
    fields.extend(carried.metadata.xmp.iter().map(|xmp| Field::octets(tag::XMP, xmp.text().as_bytes())));
    let (exif, details) = carried.metadata.exif.for_tiff(layout, file.len() as u64)?;
    fields.extend(exif);
    file.extend(details);
    let at = file.len() as u64;
    file.extend(layout.directory(fields, at, true)?);
    file[..header_bytes].copy_from_slice(&layout.header(at)?);
    Ok(file)
}

/// The size of a tile, or of a strip.
fn piece_size<S: Sample>(raster: &Raster<S>, tile: Option<u32>) -> Dimensions {
    match tile {
        Some(side) => Dimensions::new(side, side),
        None => {
            let rows = (STRIP_BYTES / (raster.row_length() * size_of::<S>())).max(1) as u32;
            Dimensions::new(raster.dimensions.width, rows.min(raster.dimensions.height))
        }
    }
}

/// The pixels of the piece at `x`, `y`, and the samples of a row of it. The last strip is short; the last tiles are
/// filled by repeating pixels, which compress to nothing.
fn cut<S: Sample>(raster: &Raster<S>, x: u32, y: u32, piece: Dimensions, tiled: bool) -> (Vec<S>, usize) {
    let count = raster.channels.count();
    let row_length = piece.width as usize * count;
    let from = x as usize * count;
    let to = raster.row_length().min(from + row_length);
    let last = raster.dimensions.height - 1;
    let rows = if tiled { piece.height } else { piece.height.min(raster.dimensions.height - y) };
    let mut pixels = Vec::with_capacity(rows as usize * row_length);
    for row in y..y + rows {
        let start = row.min(last) as usize * raster.row_length();
        pixels.extend_from_slice(&raster.pixels[start + from..start + to]);
        let edge = &raster.pixels[start + to - count..start + to];
        (to..from + row_length).step_by(count).for_each(|_| pixels.extend_from_slice(edge));
    }
    (pixels, row_length)
}

fn compress<S: Sample>(
    mut pixels: Vec<S>,
    row_length: usize,
    count: usize,
    compression: TiffCompression,
    file: &mut Vec<u8>,
) -> Result<()> {
    if compression != TiffCompression::None {
        pixels.chunks_exact_mut(row_length).for_each(|row| difference(row, count));
    }
    let pixels = S::little_endian(&pixels);
    match compression {
        TiffCompression::None => file.extend_from_slice(&pixels),
        TiffCompression::Lzw => {
            let mut encoder = weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8);
            encoder.into_vec(file).encode_all(&pixels).status?;
        }
        TiffCompression::Deflate => {
            let mut encoder = Compressor::new(CompressionLvl::new(DEFLATE_LEVEL).unwrap_or_default());
            let start = file.len();
            file.resize(start + encoder.zlib_compress_bound(pixels.len()), 0);
            let length = encoder.zlib_compress(&pixels, &mut file[start..])?;
            file.truncate(start + length);
        }
    }
    Ok(())
}

/// Each sample becomes its difference to the pixel on its left, the last one first (section 14).
fn difference<S: Sample>(row: &mut [S], count: usize) {
    for at in (count..row.len()).rev() {
        row[at] = row[at].wrapping_sub(row[at - count]);
    }
}

/// The fields that describe the pixels.
fn pixel_fields<S: Sample>(raster: &Raster<S>, compression: TiffCompression) -> Vec<Field> {
    let channels = raster.channels;
    let photometric = if channels.has_colour() { photometric::RGB } else { photometric::BLACK_IS_ZERO };
    let mut fields = vec![
        Field::long(tag::IMAGE_WIDTH, raster.dimensions.width),
        Field::long(tag::IMAGE_LENGTH, raster.dimensions.height),
        Field::shorts(tag::BITS_PER_SAMPLE, &vec![S::DEPTH.bits().into(); channels.count()]),
        Field::shorts(tag::PHOTOMETRIC_INTERPRETATION, &[photometric]),
        Field::shorts(tag::SAMPLES_PER_PIXEL, &[channels.count() as u16]),
        Field::rationals(tag::X_RESOLUTION, &[72]),
        Field::rationals(tag::Y_RESOLUTION, &[72]),
        Field::shorts(tag::PLANAR_CONFIGURATION, &[planar_configuration::CHUNKY]),
        Field::shorts(tag::RESOLUTION_UNIT, &[resolution_unit::INCH]),
    ];
    let code = match compression {
        TiffCompression::None => compression::NONE,
        TiffCompression::Lzw => compression::LZW,
        TiffCompression::Deflate => compression::ADOBE_DEFLATE,
    };
    fields.push(Field::shorts(tag::COMPRESSION, &[code]));
    if compression != TiffCompression::None {
        fields.push(Field::shorts(tag::PREDICTOR, &[predictor::HORIZONTAL]));
    }
    if channels.has_alpha() {
        fields.push(Field::shorts(tag::EXTRA_SAMPLES, &[extra_samples::UNASSOCIATED_ALPHA]));
    }
    fields
}

/// The fields that locate the pixels.
fn piece_fields(
    piece: Dimensions,
    tiled: bool,
    layout: Layout,
    offsets: &[u64],
    counts: &[u64],
) -> Result<Vec<Field>> {
    Ok(match tiled {
        true => vec![
            Field::long(tag::TILE_WIDTH, piece.width),
            Field::long(tag::TILE_LENGTH, piece.height),
            Field::offsets(tag::TILE_OFFSETS, layout, offsets)?,
            Field::offsets(tag::TILE_BYTE_COUNTS, layout, counts)?,
        ],
        false => vec![
            Field::long(tag::ROWS_PER_STRIP, piece.height),
            Field::offsets(tag::STRIP_OFFSETS, layout, offsets)?,
            Field::offsets(tag::STRIP_BYTE_COUNTS, layout, counts)?,
        ],
    })
}
