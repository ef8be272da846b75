//! All that a file says besides its pixels and stays true of them in another file: to be written beside them again.
//! Pure, and within limits: the file is hostile. EXIF 2.32, TIFF 6.0 section 8, IPTC-NAA IIM 4.2 in Photoshop's image
//! resources.

use super::exif::{self, MAIN, Room, fields};
use crate::ifd::{Field, File, Ifd, tag};

/// The fields of the EXIF directory that are not: how the picture is turned, which the picture's directory says; and the
/// offset of another directory, whose statement about colours the ICC profile makes.
const LEFT_OUT: [u16; 2] = [tag::ORIENTATION, tag::INTEROPERABILITY_IFD];

/// The longest value of a field, and of all fields together.
const ROOM: Room = Room { longest: 1 << 20, left: 4 << 20 };

/// Longer packets of XMP and records of IPTC are no such thing.
const LONGEST_PACKET: u64 = 16 << 20;

/// The image resource of Photoshop that holds IPTC, and what each begins with.
const IPTC: u16 = 0x0404;
const RESOURCE: &[u8] = b"8BIM";

/// ResolutionUnit where it is left out: inches.
const INCH: u16 = 2;

/// All that a file says besides its pixels; nothing by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// Fields of the picture's directory: what it shows, who made it, and with what.
    pub main: Vec<Field>,
    /// The EXIF directory.
    pub exif: Vec<Field>,
    /// The GPS directory.
    pub gps: Vec<Field>,
    /// The packet of XMP.
    pub xmp: Option<Vec<u8>>,
    /// The records of IPTC.
    pub iptc: Option<Vec<u8>>,
    /// Pixels per unit of length.
    pub resolution: Option<Resolution>,
}

/// Pixels per unit of length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resolution {
    /// From left to right.
    pub x: f64,
    /// From top to bottom.
    pub y: f64,
    /// The unit, as TIFF's tag ResolutionUnit has it: 1 none, 2 an inch, 3 a centimetre.
    pub unit: u16,
}

impl Kept {
    /// What the directory of a TIFF says. What cannot be read of it is left out.
    pub(crate) fn of(file: &File, ifd: &Ifd) -> Self {
        let mut room = ROOM;
        let main = fields(file, ifd, &mut room, |tag| MAIN.contains(&tag));
        let mut below = |tag, is_kept: fn(u16) -> bool| {
            let directory = ifd.integer(file, tag).ok().flatten().and_then(|at| file.ifd(at).ok());
            directory.map_or_else(Vec::new, |directory| fields(file, &directory, &mut room, is_kept))
        };
        let exif = below(tag::EXIF_IFD, |tag| !LEFT_OUT.contains(&tag));
        let gps = below(tag::GPS_IFD, |_| true);
        let bytes = |tag| {
            let entry = ifd.entry(tag).filter(|entry| entry.range().1 <= LONGEST_PACKET)?;
            entry.bytes(file).ok()
        };
        let in_resources = || bytes(tag::PHOTOSHOP).and_then(iptc);
        Self {
            main,
            exif,
            gps,
            xmp: bytes(tag::XMP).and_then(Self::packet),
            iptc: bytes(tag::IPTC).map(<[u8]>::to_vec).or_else(in_resources),
            resolution: resolution(file, ifd),
        }
    }

    /// What a block of EXIF says.
    pub(crate) fn of_block(block: &[u8]) -> Self {
        let directory = File::open(exif::bare(block)).and_then(|(file, at)| Ok((file, file.ifd(at)?)));
        directory.map_or_else(|_| Self::default(), |(file, ifd)| Self::of(&file, &ifd))
    }

    /// A packet of XMP without the zeros that may follow it; None if there is nothing in it, or far too much.
    pub(crate) fn packet(bytes: &[u8]) -> Option<Vec<u8>> {
        let end = bytes.iter().rposition(|byte| *byte != 0)? + 1;
        (end as u64 <= LONGEST_PACKET).then(|| bytes[..end].to_vec())
    }
}

/// The records of IPTC among the image resources of Photoshop.
pub(crate) fn iptc(mut resources: &[u8]) -> Option<Vec<u8>> {
    while let Some(rest) = resources.strip_prefix(RESOURCE) {
        let (id, rest) = rest.split_first_chunk::<2>()?;
        // A name, with its length before it, in an even number of bytes.
        let name = (usize::from(*rest.first()?) + 1).next_multiple_of(2);
        let (length, rest) = rest.get(name..)?.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let value = rest.get(..length)?;
        if u16::from_be_bytes(*id) == IPTC {
            return (length > 0 && length as u64 <= LONGEST_PACKET).then(|| value.to_vec());
        }
        resources = rest.get(length.next_multiple_of(2)..)?;
    }
    None
}

/// XResolution, YResolution and ResolutionUnit, if both are numbers that mean something.
fn resolution(file: &File, ifd: &Ifd) -> Option<Resolution> {
    let number =
        |tag| ifd.entry(tag)?.number(file, 0).ok().filter(|number| number.is_finite() && *number > 0.0);
    let unit = ifd.integer(file, tag::RESOLUTION_UNIT).ok()?.map_or(Ok(INCH), u16::try_from);
    let unit = unit.ok().filter(|unit| (1..=3).contains(unit))?;
    Some(Resolution { x: number(tag::X_RESOLUTION)?, y: number(tag::Y_RESOLUTION)?, unit })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(id: u16, name: &[u8], value: &[u8]) -> Vec<u8> {
        let mut bytes = [RESOURCE, &id.to_be_bytes(), &[name.len() as u8], name].concat();
        if name.len().is_multiple_of(2) {
            bytes.push(0);
        }
        bytes.extend((value.len() as u32).to_be_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        bytes
    }

    #[test]
    fn iptc_is_found_among_the_resources_of_photoshop() {
        let all =
            [resource(0x03ed, b"", b"odd"), resource(IPTC, b"name", b"\x1c\x02\x69"), resource(1, b"", b"")];
        let all = all.concat();
        assert_eq!(iptc(&all).as_deref(), Some(&b"\x1c\x02\x69"[..]));
        assert_eq!(iptc(&resource(1, b"", b"x")), None);
        for length in 0..all.len() {
            let _ = iptc(&all[..length]);
            for value in [0, 0x7f, 0xff] {
                let mut bent = all.clone();
                bent[length] = value;
                let _ = iptc(&bent);
            }
        }
    }
}
