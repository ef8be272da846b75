//! The directories of a pyramid with all their values, as they lie in the file one behind the other: the full level, the
//! smaller ones, then those of EXIF and GPS. Pure: bytes for places that the caller knows.
//! TIFF 6.0 section 2; Technical Note 1 (SubIFDs), as libvips and OME-TIFF have levels in them.

mod pixels;
mod tags;

use super::store::Places;
use super::{Error, Result, Settings};
use crate::format::tiff::code::new_subfile_type;
use crate::ifd::{Field, Layout, tag};
use crate::picture::Dimensions;

/// Profiles up to this many bytes are in each level, so that each stands alone; longer ones in the first.
const SHORT_PROFILE: usize = 16 << 10;

/// All directories as they lie at `at`, for tiles at these places.
///
/// # Errors
/// [`Error::TooLong`] if a place is out of reach in this layout.
pub(super) fn all(
    settings: &Settings,
    sizes: &[Dimensions],
    jpeg_tables: Option<&[u8]>,
    layout: Layout,
    at: u64,
    places: &[Places],
) -> Result<Vec<u8>> {
    let level = |index: usize| level(settings, index, sizes[index], jpeg_tables, layout, &places[index]);
    let mut full = level(0)?;
    let mut said = tags::fields(&settings.tags);
    said.retain(|field| full.iter().all(|own| own.tag() != field.tag()));
    full.extend(said);
    let reduced = (1..sizes.len()).map(level).collect::<Result<Vec<_>>>()?;
    let lengths: Vec<u64> = reduced.iter().map(|fields| layout.directory_length(fields)).collect();
    let below = tags::below(&settings.tags);
    // How many pointers there are, not where they point, decides how long the first directory is.
    let pointers = |mut next: u64| {
        let mut place = |length: u64| {
            next += length;
            next - length
        };
        let levels: Vec<u64> = lengths.iter().map(|length| place(*length)).collect();
        let mut pointers = Vec::new();
        if settings.sub_ifds && !levels.is_empty() {
            pointers.push(Field::offsets(tag::SUB_IFDS, layout, &levels));
        }
        for (tag, fields) in &below {
            pointers.push(Field::offsets(*tag, layout, &[place(layout.directory_length(fields))]));
        }
        pointers.into_iter().collect::<anyhow::Result<Vec<_>>>().map_err(|_| Error::TooLong)
    };
    let length = layout.directory_length(full.iter().chain(&pointers(0)?));
    full.extend(pointers(at + length)?);
    let mut directories = vec![(full, settings.sub_ifds || reduced.is_empty())];
    let count = reduced.len();
    let numbered = reduced.into_iter().zip(1..);
    directories.extend(numbered.map(|(fields, number)| (fields, settings.sub_ifds || number == count)));
    directories.extend(below.into_iter().map(|(_, fields)| (fields, true)));
    let mut bytes = Vec::new();
    for (fields, is_last) in directories {
        let directory = layout.directory(fields, at + bytes.len() as u64, is_last);
        bytes.extend(directory.map_err(|_| Error::TooLong)?);
    }
    Ok(bytes)
}

/// The fields of a level that say what its pixels are and where.
fn level(
    settings: &Settings,
    index: usize,
    size: Dimensions,
    jpeg_tables: Option<&[u8]>,
    layout: Layout,
    places: &Places,
) -> Result<Vec<Field>> {
    let tile = settings.tile_of(index);
    let offsets = Field::offsets(tag::TILE_OFFSETS, layout, &places.offsets).map_err(|_| Error::TooLong)?;
    // Tiles are shorter than 4 GiB in either layout.
    let lengths = Field::offsets(tag::TILE_BYTE_COUNTS, Layout::Classic, &places.lengths);
    let mut fields = vec![
        Field::long(tag::NEW_SUBFILE_TYPE, if index > 0 { new_subfile_type::REDUCED.into() } else { 0 }),
        Field::long(tag::IMAGE_WIDTH, size.width),
        Field::long(tag::IMAGE_LENGTH, size.height),
        Field::long(tag::TILE_WIDTH, tile.width),
        Field::long(tag::TILE_LENGTH, tile.height),
        offsets,
        lengths.map_err(|_| Error::TooLong)?,
    ];
    let tags = &settings.tags;
    fields.extend(tags.orientation.map(|orientation| Field::shorts(tag::ORIENTATION, &[orientation])));
    let profile = tags.icc_profile.as_ref().filter(|profile| index == 0 || profile.len() <= SHORT_PROFILE);
    fields.extend(profile.map(|profile| Field::bytes(tag::ICC_PROFILE, profile)));
    let of_pixels = match settings.stored.get(index) {
        Some(stored) => stored.fields.clone(),
        None => pixels::fields(settings, jpeg_tables),
    };
    let others = of_pixels.into_iter().filter(|field| fields.iter().all(|own| own.tag() != field.tag()));
    let others: Vec<Field> = others.collect();
    fields.extend(others);
    Ok(fields)
}
