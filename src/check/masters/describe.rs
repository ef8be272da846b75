//! A picture in the words in which it is told.

use std::rc::Rc;

use super::asked;
use super::estimate::{Estimate, milliseconds};
use super::outcome::{Codestream, Cold, Level, Part, Picture, Slowest};
use super::verdict::SMALL;
use crate::derive::Rendering;
use crate::derive::plan::Scaling;
use crate::error::Error;
use crate::format::jp2;
use crate::ifd::tag;
use crate::master::{Facts, Master};
use crate::metadata::Metadata;
use crate::picture::{PhysicalScale, PhysicalUnit};
use crate::raster::{Converter, described};
use crate::source::{Found, Object, REQUEST, Reads};

/// A tile of a codestream of so many bytes is not walked through to find its packets: that takes as long as the rest.
const WALKED: u64 = 1 << 20;

/// What a picture is, without what only [`estimate::of_layout`](super::estimate::of_layout) knows.
///
/// # Errors
/// [`Error::Master`] if the file shrinks meanwhile.
pub(super) fn picture(
    master: &Rc<Master>,
    facts: &Facts,
    estimate: &Estimate,
    cold: Cold,
    converter: &mut Converter,
) -> Result<Picture, Error> {
    let description = &master.description;
    let size = description.dimensions();
    let levels = levels(master, facts);
    let smallest = levels.last().map_or(0, |level| level.width.max(level.height));
    let (request, cost) = &estimate.slowest;
    Ok(Picture {
        format: facts.format.to_owned(),
        width: size.width,
        height: size.height,
        samples: facts.samples,
        bits: facts.bits,
        colours: facts.colours.to_owned(),
        profile: master.icc_profile(0)?.map(|profile| match described(&profile) {
            Some(name) => name,
            None => format!("a profile of {} bytes without a name", profile.len()),
        }),
        srgb: master.is_srgb(0, converter)?,
        turned: u16::from(description.orientation.quarters) * 90,
        mirrored: description.orientation.mirrored,
        pixels_per_inch: master.scale().map(per_inch),
        pages: master.pages()?,
        tiled: description.levels[0].tiled,
        compression: levels.first().map_or_else(String::new, |level| level.compression.clone()),
        deep_enough: smallest <= SMALL,
        levels,
        pass_through: rounded(estimate.pass_through),
        tile_ms: rounded(estimate.tile_ms),
        best_tile_ms: 0.0,
        slowest: Slowest { request: request.clone(), ms: rounded(milliseconds(*cost)) },
        cold,
        jpeg2000: facts.codestream.as_ref().map(codestream),
        details: None,
    })
}

fn levels(master: &Master, facts: &Facts) -> Vec<Level> {
    let stored = master.description.levels.iter().filter(|level| level.is_stored);
    let told = stored.zip(&facts.levels).map(|(level, told)| {
        let size = level.dimensions;
        // The pieces of a flat file are what a budget counts in.
        let tile = if level.tiled || facts.format.ends_with("TIFF") { level.tile } else { size };
        Level {
            width: size.width,
            height: size.height,
            tile_width: tile.width,
            tile_height: tile.height,
            columns: size.width.div_ceil(tile.width.max(1)),
            rows: size.height.div_ceil(tile.height.max(1)),
            tiled: level.tiled,
            compression: match told.planar {
                true => format!("{} in planes", told.compression),
                false => told.compression.to_owned(),
            },
            bytes: None,
        }
    });
    told.collect()
}

fn codestream(told: &jp2::Told) -> Codestream {
    Codestream {
        tile_width: told.tile.width,
        tile_height: told.tile.height,
        tiles: told.tiles,
        halvings: told.halvings,
        progression: told.progression.clone(),
        layers: told.layers,
        reversible: told.reversible,
        tlm: told.has_tlm,
        plt: told.has_plt,
    }
}

/// What a tile takes from an object store, one in the middle, at full size: if nothing is known of the master yet, and else.
///
/// # Errors
/// [`Error::Master`] if the tile is not there.
pub(super) fn cold(
    object: &Rc<dyn Object>,
    found: &Found,
    facts: &Facts,
    rendering: &Rendering,
) -> Result<Cold, Error> {
    let walked = facts.codestream.as_ref().filter(|told| takes_walking(told));
    let reads = Master::far_reads_of(Rc::clone(object), found, |master| {
        let description = &master.description;
        let tiles = asked::tiles(description, &rendering.limits);
        let Some(first) = tiles.first().and_then(|kinds| kinds.first()) else { return Ok(()) };
        let scaling = Scaling::new(description, first.sample.region, first.sample.size);
        master.icc_profile(scaling.level)?;
        if walked.is_some() { Ok(()) } else { master.fetch_all(scaling.level, scaling.window()) }
    })?;
    let [opening, mut next, mut tile] = [reads.opening, reads.next, reads.known].map(part);
    if let Some(told) = walked {
        next.round_trips += 1;
        next.requests = next.requests.saturating_add(requests(told.tile_bytes));
        next.bytes += told.tile_bytes;
        tile = next;
    }
    Ok(Cold {
        round_trips: opening.round_trips + next.round_trips,
        requests: opening.requests.saturating_add(next.requests),
        bytes: opening.bytes + next.bytes,
        opening,
        tile,
    })
}

/// How many requests so many bytes in a row take.
fn requests(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(REQUEST)).unwrap_or(u32::MAX)
}

/// Whether all of a tile of a codestream is read to find the packets of a part of it, and that is long.
fn takes_walking(told: &jp2::Told) -> bool {
    told.has_plt != Some(true) && (told.has_plt.is_none() || told.tile_bytes >= WALKED)
}

fn part(reads: Reads) -> Part {
    Part { round_trips: reads.round_trips, requests: reads.requests, bytes: reads.bytes }
}

/// The fields that pictures carry on: name and value.
pub(super) fn fields(metadata: &Metadata) -> Vec<(String, String)> {
    let value = |field: &crate::ifd::Field| match field.as_text() {
        Some(text) => text.to_owned(),
        None => "not text".to_owned(),
    };
    metadata.exif.fields().map(|field| (name(field.tag()), value(field))).collect()
}

fn name(tag: u16) -> String {
    let name = match tag {
        tag::DOCUMENT_NAME => "DocumentName",
        tag::IMAGE_DESCRIPTION => "ImageDescription",
        tag::MAKE => "Make",
        tag::MODEL => "Model",
        tag::PAGE_NAME => "PageName",
        tag::SOFTWARE => "Software",
        tag::DATE_TIME => "DateTime",
        tag::ARTIST => "Artist",
        tag::HOST_COMPUTER => "HostComputer",
        tag::COPYRIGHT => "Copyright",
        tag::EXPOSURE_TIME => "ExposureTime",
        tag::DATE_TIME_ORIGINAL => "DateTimeOriginal",
        _ => return format!("tag {tag}"),
    };
    name.to_owned()
}

fn per_inch(scale: PhysicalScale) -> f64 {
    let centimetres = match scale.unit {
        PhysicalUnit::Inch => 1.0,
        PhysicalUnit::Centimetre => 2.54,
    };
    rounded(centimetres / scale.size)
}

/// To thousandths, as nobody believes more.
pub(super) fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
