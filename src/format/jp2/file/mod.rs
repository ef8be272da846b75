//! What a file contains besides its codestream: colour, palette, channels, resolution, metadata.
//! Pure. T.800 annex I, T.801 annex M for JPX; a bare codestream has none of it. A codestream in fragments is not read.

mod boxes;
mod colour;
mod palette;

use std::ops::Range;

use super::convert::range;
use crate::error::MasterError;
use crate::metadata::Packet;
use crate::metadata::exif_orientation;
use crate::picture::{Orientation, PhysicalScale, PhysicalUnit};
use crate::source::Bytes;
pub(super) use boxes::damaged;
use boxes::{Box, Walk};
#[cfg(test)]
pub(super) use colour::LabRanges;
pub(super) use colour::{Colour, Luma, Space};
pub(super) use palette::{Definition, Mapping, Palette};
use recto_jp2::Header;

/// The first bytes of the JPEG 2000 signature box (T.800 I.5.1).
pub(super) const SIGNATURE: &[u8] = b"\0\0\0\x0cjP  \r\n\x87\n";

/// EXIF in a box, as Adobe's and ExifTool's files have it; the block of EXIF follows.
pub(super) const EXIF: &[u8] = b"JpgTiffExif->JP2";

/// XMP in a box (ISO 16684-3, table 6).
pub(super) const XMP: [u8; 16] =
    [0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8, 0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac];

/// A file of the JPEG 2000 family: where its parts lie. Ranges are of bytes of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct File {
    /// The first contiguous codestream.
    pub codestream: Range<usize>,
    /// The colour specification that serves best, if there is one that Recto understands.
    pub colour: Option<Colour>,
    /// The number of a colour space that Recto does not understand.
    pub unknown_space: Option<u32>,
    /// What codes of a component stand for, if there is a palette.
    pub palette: Option<Palette>,
    /// Which channels are made of which components (cmap).
    pub mappings: Vec<Mapping>,
    /// What channels mean (cdef).
    pub definitions: Vec<Definition>,
    /// How large a pixel was on the original, or else is to be shown.
    pub scale: Option<PhysicalScale>,
    /// The block of EXIF.
    pub exif: Option<Range<usize>>,
    /// The packet of XMP.
    pub xmp: Option<Range<usize>>,
}

impl File {
    /// Whether `bytes` begin as such a file does, or as a bare codestream.
    pub(super) fn recognises(bytes: &[u8]) -> bool {
        bytes.starts_with(SIGNATURE) || Header::recognises(bytes)
    }

    /// Finds the parts of a file.
    ///
    /// # Errors
    /// [`MasterError`] if boxes up to the codestream are damaged, or there is no codestream.
    pub(super) fn read<'a>(bytes: impl Into<Bytes<'a>>) -> Result<Self, MasterError> {
        let bytes = bytes.into();
        // They are in memory, or were mapped.
        let length = bytes.length() as usize;
        bytes.announce_one(0..4)?;
        if bytes.slice(0..4).is_some_and(Header::recognises) {
            return Ok(Self { codestream: 0..length, ..Self::default() });
        }
        let (mut file, mut walk) = (Self::default(), Walk::new(bytes));
        file.read_boxes(&mut walk, 0..length)?;
        if !file.is_found() {
            return Err(MasterError::unsupported("a JP2 file without a codestream in one piece"));
        }
        file.codestream = own_end(bytes, file.codestream)?;
        Ok(file)
    }

    fn read_boxes(&mut self, walk: &mut Walk, mut within: Range<usize>) -> Result<(), MasterError> {
        loop {
            let next = match walk.next(&mut within) {
                Ok(Some(next)) => next,
                Ok(None) => return Ok(()),
                // What follows the codestream is not needed for its pixels.
                Err(_) if self.is_found() => return Ok(()),
                Err(error) => return Err(error),
            };
            match &next.kind {
                b"jp2h" => within.start = self.read_header(walk, next.contents)?,
                b"jplh" => self.read_layer(walk, next)?,
                b"uuid" => self.read_uuid(walk, &next)?,
                b"jp2c" if !self.is_found() => self.codestream = next.contents,
                // Some writers put parts of the header behind it. OpenJPEG takes them too.
                _ if !self.is_found() => self.read_part(walk, next)?,
                _ => {}
            }
        }
    }

    /// Whether the codestream was found, be it empty.
    fn is_found(&self) -> bool {
        self.codestream.start > 0
    }

    /// The codestream, of which `announce` gets what is going to be read.
    pub(super) fn codestream_of<'a>(
        &self,
        bytes: Bytes<'a>,
        announce: &'a recto_jp2::Announce<'a>,
    ) -> recto_jp2::Bytes<'a> {
        let codestream = bytes.slice(range(&self.codestream)).unwrap_or_default();
        recto_jp2::Bytes::new(codestream, announce, bytes.is_complete())
    }

    /// Whether there are no boxes.
    pub(super) fn is_bare(&self) -> bool {
        self.codestream.start == 0
    }

    /// How the picture is turned to be shown, by its EXIF or else its XMP.
    pub(super) fn orientation<'a>(&self, bytes: impl Into<Bytes<'a>>) -> Orientation {
        let bytes = bytes.into();
        let orientation = part(bytes, self.exif.as_ref())
            .and_then(exif_orientation)
            .or_else(|| part(bytes, self.xmp.as_ref()).and_then(|packet| Packet::read(packet).orientation()));
        orientation.unwrap_or(Orientation::UPRIGHT)
    }

    /// The JP2 header box (T.800 I.5.3), and where it ends: before what is no part of a header, whatever length it
    /// claims. The codestream also has the values of ihdr and bpcc, and takes precedence.
    fn read_header(&mut self, walk: &mut Walk, mut within: Range<usize>) -> Result<usize, MasterError> {
        loop {
            let start = within.start;
            match walk.next(&mut within)? {
                None => return Ok(within.end),
                Some(other) if matches!(&other.kind, b"jp2c" | b"uuid") => return Ok(start),
                Some(part) => self.read_part(walk, part)?,
            }
        }
    }

    fn read_part(&mut self, walk: &mut Walk, part: Box) -> Result<(), MasterError> {
        match &part.kind {
            b"ihdr" => check_compression(walk.contents(&part)?)?,
            b"colr" => self.read_colour(walk, &part)?,
            b"pclr" => self.palette = Some(Palette::read(walk.contents(&part)?)?),
            b"cmap" => self.mappings = Mapping::read_all(walk.contents(&part)?)?,
            b"cdef" => self.definitions = Definition::read_all(walk.contents(&part)?)?,
            b"res " => self.scale = scale(walk, part)?,
            _ => {}
        }
        Ok(())
    }

    /// A compositing layer of JPX, whose colour group (T.801 M.11.7.1) holds if the JP2 header has none.
    fn read_layer(&mut self, walk: &mut Walk, layer: Box) -> Result<(), MasterError> {
        if self.colour.is_some() || self.unknown_space.is_some() {
            return Ok(());
        }
        let groups: Vec<_> =
            walk.all(layer.contents)?.into_iter().filter(|part| &part.kind == b"cgrp").collect();
        for group in groups {
            for part in walk.all(group.contents)?.iter().filter(|part| &part.kind == b"colr") {
                self.read_colour(walk, part)?;
            }
        }
        Ok(())
    }

    fn read_colour(&mut self, walk: &Walk, part: &Box) -> Result<(), MasterError> {
        let contents = walk.first(part, Colour::LOOKED_AT)?;
        match Colour::read(contents, part.contents.start) {
            // The first of the best.
            Some(found) if self.colour.as_ref().is_none_or(|best| found.rank() > best.rank()) => {
                self.colour = Some(found);
            }
            Some(_) => {}
            None => self.unknown_space = self.unknown_space.or(Colour::number(contents)),
        }
        Ok(())
    }

    fn read_uuid(&mut self, walk: &Walk, uuid: &Box) -> Result<(), MasterError> {
        let Range { start, end } = uuid.contents;
        let Some(identifier) = walk.first(uuid, 16)?.get(..16) else { return Ok(()) };
        let place = match identifier {
            EXIF => &mut self.exif,
            _ if identifier == XMP => &mut self.xmp,
            _ => return Ok(()),
        };
        place.get_or_insert(start + 16..end);
        Ok(())
    }
}

/// Where a codestream lies whose box says that it lies here. That length is used if EOC is there, or boxes follow; else
/// the codestream, whose headers say where its tile-parts end, goes on to the end of the file.
fn own_end(bytes: Bytes, stated: Range<usize>) -> Result<Range<usize>, MasterError> {
    let length = bytes.length() as usize;
    let last = range(&(stated.end.saturating_sub(2).max(stated.start)..stated.end));
    bytes.announce_one(last.clone())?;
    let is_closed = bytes.slice(last) == Some(&[0xff, 0xd9]);
    let are_boxes = || {
        let boxes = Walk::new(bytes).all(stated.end..length).ok();
        boxes.is_some_and(|boxes| boxes.last().is_some_and(|last| last.contents.end == length))
    };
    Ok(if is_closed || are_boxes() { stated } else { stated.start..length })
}

/// A part of a file that may be missing; None if it cannot be fetched either, which shows when the object is checked.
pub(super) fn part<'a>(bytes: Bytes<'a>, place: Option<&Range<usize>>) -> Option<&'a [u8]> {
    let place = range(place?);
    bytes.announce_one(place.clone()).ok()?;
    bytes.slice(place)
}

/// The image header box (T.800 I.5.3.1): compression 7 is JPEG 2000.
fn check_compression(ihdr: &[u8]) -> Result<(), MasterError> {
    match ihdr.get(11) {
        Some(7) => Ok(()),
        Some(other) => Err(MasterError::unsupported(format!("JP2 file of compression {other}"))),
        None => Err(damaged("an image header that is cut off")),
    }
}

/// The resolution box (T.800 I.5.3.7): as captured, or else as to be displayed.
fn scale(walk: &mut Walk, resolution: Box) -> Result<Option<PhysicalScale>, MasterError> {
    let parts = walk.all(resolution.contents)?;
    let named = |kind| parts.iter().find(|part| part.kind == kind);
    let part = named(*b"resc").or(named(*b"resd"));
    Ok(part.map(|part| walk.contents(part)).transpose()?.and_then(pixel_side))
}

/// The side of a pixel, if it is square: a hundredth of a metre divided by pixels in a metre.
fn pixel_side(resolution: &[u8]) -> Option<PhysicalScale> {
    let &[a, b, c, d, e, f, g, h, down, across] = resolution.first_chunk()?;
    let per_metre = |numerator: [u8; 2], denominator: [u8; 2], exponent: u8| {
        let ratio = f64::from(u16::from_be_bytes(numerator)) / f64::from(u16::from_be_bytes(denominator));
        ratio * 10f64.powi(exponent.cast_signed().into())
    };
    let (down, across) = (per_metre([a, b], [c, d], down), per_metre([e, f], [g, h], across));
    let is_square = across.is_finite() && across > 0.0 && (across - down).abs() < 1e-3 * across;
    is_square.then_some(PhysicalScale { size: 100.0 / across, unit: PhysicalUnit::Centimetre })
}

#[cfg(test)]
mod tests {
    use super::boxes::tests::boxed;
    use super::*;

    fn file(header: &[Vec<u8>], after: &[Vec<u8>]) -> Vec<u8> {
        let ihdr = boxed(b"ihdr", &[0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 7, 7, 0, 0]);
        let header = boxed(b"jp2h", &[&[ihdr], header].concat().concat());
        let parts = [SIGNATURE.to_vec(), boxed(b"ftyp", b"jp2 \0\0\0\0jp2 "), header];
        [&parts[..], after].concat().concat()
    }

    fn colr(method: u8, precedence: u8, approximation: u8, rest: &[u8]) -> Vec<u8> {
        boxed(b"colr", &[&[method, precedence, approximation], rest].concat())
    }

    const STREAM: &[u8] = b"\xff\x4f\xff\x51...\xff\xd9";

    fn codestream() -> Vec<u8> {
        boxed(b"jp2c", STREAM)
    }

    #[test]
    fn parts_are_found() {
        let resolution = [boxed(b"resd", &[0; 10]), boxed(b"resc", &[0, 3, 0, 1, 0, 3, 0, 1, 4, 4])].concat();
        let bytes = file(
            &[colr(1, 0, 0, &[0, 0, 0, 17]), boxed(b"res ", &resolution)],
            &[
                boxed(
                    b"uuid",
                    &[&XMP[..], b"<rdf:RDF><rdf:Description tiff:Orientation=\"6\"/></rdf:RDF>"].concat(),
                ),
                boxed(b"uuid", b"short"),
                codestream(),
                codestream(),
                boxed(b"uuid", &[EXIF, b"MM\0\x2a\0\0\0\x08"].concat()),
                b"\0\0\0\x09free".to_vec(),
            ],
        );
        let file = File::read(&bytes).expect("a file");
        assert_eq!(&bytes[file.codestream.clone()], STREAM);
        assert_eq!(file.colour.as_ref().map(|colour| &colour.space), Some(&Space::Gray));
        let size = file.scale.expect("a scale").size;
        assert!((size - 1.0 / 300.0).abs() < 1e-12, "{size}");
        assert_eq!(&bytes[file.exif.clone().expect("EXIF")], b"MM\0\x2a\0\0\0\x08");
        assert_eq!(file.orientation(&bytes), Orientation::from_tag(6), "EXIF has none, XMP has");
    }

    #[test]
    fn parts_behind_the_header_are_found() {
        let map = boxed(b"cmap", &[0, 0, 1, 0]);
        let read = |after: &[Vec<u8>]| File::read(&file(&[], after)).expect("a file").mappings.len();
        assert_eq!(read(&[map.clone(), codestream()]), 1);
        assert_eq!(read(&[codestream(), map]), 0, "nothing behind the codestream is needed");
    }

    #[test]
    fn a_codestream_tells_where_it_ends() {
        let (start, free) = (file(&[], &[]).len(), boxed(b"free", b"1234"));
        let read = |length: u32, stream: &[u8], after: &[u8]| {
            let parts = [&length.to_be_bytes(), &b"jp2c"[..], stream, after].concat();
            File::read(&file(&[], &[parts])).map(|file| file.codestream.end - start - 8)
        };
        for length in [0, 1 << 20, u32::MAX, 5, 12, 16] {
            assert_eq!(read(length, STREAM, &[]), Ok(9), "a box of {length} bytes");
        }
        assert_eq!(read(17, STREAM, &free), Ok(9), "the right length");
        assert_eq!(read(15, &STREAM[..7], &free), Ok(7), "boxes follow");
        assert_eq!(read(15, &STREAM[..7], b"1234567890"), Ok(17), "what follows is no box");
    }

    #[test]
    fn a_header_ends_before_what_is_no_part_of_it() {
        let bytes = file(&[colr(1, 0, 0, &[0, 0, 0, 17])], &[codestream()]);
        let at = bytes.windows(4).position(|word| word == b"jp2h").expect("a header") - 4;
        for length in [0u32, 1 << 30, bytes.len() as u32 - at as u32] {
            let mut wrong = bytes.clone();
            wrong[at..at + 4].copy_from_slice(&length.to_be_bytes());
            assert_eq!(File::read(&wrong), File::read(&bytes), "a header of {length} bytes");
        }
    }

    #[test]
    fn the_best_colour_is_taken() {
        let space = |specifications: &[Vec<u8>]| {
            let file = File::read(&file(specifications, &[codestream()])).expect("a file");
            file.colour.map(|colour| colour.space)
        };
        let (gray, srgb, unknown) = ([0, 0, 0, 17], [0, 0, 0, 16], [0, 0, 0, 99]);
        assert_eq!(space(&[colr(1, 0, 0, &gray), colr(1, 0, 0, &srgb)]), Some(Space::Gray), "the first");
        assert_eq!(space(&[colr(1, 0, 0, &gray), colr(1, 1, 0, &srgb)]), Some(Space::Rgb), "precedence");
        assert_eq!(space(&[colr(1, 255, 0, &gray), colr(1, 0, 0, &srgb)]), Some(Space::Rgb), "of -1");
        assert_eq!(space(&[colr(1, 0, 2, &gray), colr(1, 0, 1, &srgb)]), Some(Space::Rgb), "approximation");
        assert_eq!(space(&[colr(1, 9, 1, &unknown), colr(1, 0, 4, &srgb)]), Some(Space::Rgb), "understood");
        assert_eq!(space(&[colr(4, 9, 1, &srgb), colr(7, 0, 0, &[])]), None);
        let mut layer = boxed(b"jplh", &boxed(b"cgrp", &colr(1, 0, 0, &gray)));
        layer.extend(codestream());
        let file = File::read(&file(&[], &[layer])).expect("a file");
        assert_eq!(file.colour.map(|colour| colour.space), Some(Space::Gray), "of a layer");
    }

    #[test]
    fn damaged_files_are_refused_and_none_panics() {
        let entries = [0, 2, 3, 7, 7, 7, 1, 2, 3, 4, 5, 6];
        let maps = [0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 1, 2];
        let good = file(
            &[
                colr(2, 0, 0, &[0; 20]),
                boxed(b"pclr", &entries),
                boxed(b"cmap", &maps),
                boxed(b"cdef", &[0, 1, 0, 0, 0, 0, 0, 1]),
                boxed(b"res ", &boxed(b"resc", &[0; 10])),
            ],
            &[boxed(b"uuid", &[EXIF, &[0; 4]].concat()), codestream()],
        );
        assert!(File::read(&good).is_ok_and(|file| file.palette.is_some() && file.scale.is_none()));
        for length in 0..good.len() {
            // Cut in the codestream: its headers will show it.
            let is_cut_before = length < good.len() - STREAM.len();
            assert_eq!(File::read(&good[..length]).is_err(), is_cut_before, "{length} bytes");
        }
        for byte in 0..good.len() {
            for value in [0, 1, 2, 0x7f, 0x80, 0xff] {
                let mut wrong = good.clone();
                wrong[byte] = value;
                let _ = File::read(&wrong);
            }
        }
    }
}
