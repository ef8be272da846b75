//! EXIF of a master: fields of its directory and of the EXIF directory below it, to be written again. Pure. EXIF 2.32;
//! TIFF 6.0 section 8. Only fields that stay true of a picture that was cut, scaled and turned: no sizes, no
//! resolution, no orientation, no thumbnail; no location (GPS), and no maker notes, which hold offsets.

use super::Seal;
use crate::ifd::{self, Field, File, Ifd, Layout, field_type, tag};

/// Artist and copyright.
const COPYRIGHT: [u16; 2] = [tag::ARTIST, tag::COPYRIGHT];

/// The fields of the picture's directory that stay true of another file.
pub(super) const MAIN: [u16; 10] = [
    tag::DOCUMENT_NAME,
    tag::IMAGE_DESCRIPTION,
    tag::MAKE,
    tag::MODEL,
    tag::PAGE_NAME,
    tag::SOFTWARE,
    tag::DATE_TIME,
    tag::ARTIST,
    tag::HOST_COMPUTER,
    tag::COPYRIGHT,
];

/// The fields of the EXIF directory that are not: Orientation, which some writers put there; maker notes; colours,
/// which may have been converted, and are in the profile; sizes; the offset of another directory.
const LEFT_OUT: [u16; 7] = [
    tag::ORIENTATION,
    tag::MAKER_NOTE,
    tag::COLOR_SPACE,
    tag::PIXEL_X_DIMENSION,
    tag::PIXEL_Y_DIMENSION,
    tag::INTEROPERABILITY_IFD,
    tag::GAMMA,
];

/// A JPEG has room for 64 KB.
const ROOM: Room = Room { longest: 8 << 10, left: 32 << 10 };

/// How much may be read of directories.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// Bytes of the longest value of a field.
    pub(super) longest: usize,
    /// Bytes of all values together that are still to come.
    pub(super) left: usize,
}

/// Fields of a picture's directory, and of the EXIF directory below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exif {
    main: Vec<Field>,
    details: Vec<Field>,
}

/// One field of an EXIF block, wherever it stands.
pub(crate) struct ExifField<'a> {
    file: File<'a>,
    entry: ifd::Entry,
}

impl<'a> ExifField<'a> {
    /// The field of a tag in the directory that `path` leads to: tags of entries with the offset of another directory,
    /// from the first one on. Other entries of these may be damaged.
    pub(crate) fn find(block: &'a [u8], path: &[u16], tag: u16) -> Option<Self> {
        let (file, first) = File::open(bare(block)).ok()?;
        let below = |at, tag: &u16| file.find(at, *tag)?.integer(&file, 0).ok();
        let at = path.iter().try_fold(first, below)?;
        file.find(at, tag).map(|entry| Self { file, entry })
    }

    /// Its first value, if it is a number.
    pub(crate) fn number(&self) -> Option<f64> {
        self.entry.number(&self.file, 0).ok()
    }

    /// Its values as bytes in the order of the block.
    pub(crate) fn bytes(&self) -> Option<&'a [u8]> {
        self.entry.bytes(&self.file).ok()
    }
}

impl Exif {
    /// The fields in an EXIF block, which is a TIFF without pixels. What cannot be read is left out.
    pub fn read(block: &[u8]) -> Self {
        let directory = File::open(bare(block)).and_then(|(file, first)| Ok((file, file.ifd(first)?)));
        directory.map_or_else(|_| Self::default(), |(file, ifd)| Self::of(&file, &ifd))
    }

    /// The fields of a directory. What cannot be read is left out.
    pub fn of(file: &File, ifd: &Ifd) -> Self {
        let mut room = ROOM;
        let mut main = fields(file, ifd, &mut room, |tag| MAIN.contains(&tag));
        main.retain_mut(is_of_others);
        let below = ifd.integer(file, tag::EXIF_IFD).ok().flatten().and_then(|at| file.ifd(at).ok());
        let details = below.map(|ifd| fields(file, &ifd, &mut room, |tag| !LEFT_OUT.contains(&tag)));
        Self { main, details: details.unwrap_or_default() }
    }

    /// Only artist and copyright.
    #[must_use]
    pub fn copyright(mut self) -> Self {
        self.main.retain(|entry| COPYRIGHT.contains(&entry.tag()));
        Self { main: self.main, details: Vec::new() }
    }

    /// All but artist and copyright.
    #[must_use]
    pub fn without_copyright(mut self) -> Self {
        self.main.retain(|entry| !COPYRIGHT.contains(&entry.tag()));
        self
    }

    /// All fields: those of the picture's directory, then those of the EXIF directory.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.main.iter().chain(&self.details)
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.main.is_empty() && self.details.is_empty()
    }

    /// The fields for the directory of a TIFF, and the bytes of the EXIF directory that they may point to, which lies
    /// at `at` in the file.
    ///
    /// # Errors
    /// If the offset does not fit the layout.
    pub fn for_tiff(&self, layout: Layout, at: u64) -> anyhow::Result<(Vec<Field>, Vec<u8>)> {
        let mut entries = self.main.clone();
        if self.details.is_empty() {
            return Ok((entries, Vec::new()));
        }
        entries.push(Field::offsets(tag::EXIF_IFD, layout, &[at])?);
        Ok((entries, layout.directory(self.details.clone(), at, true)?))
    }

    /// A block as JPEG, PNG and WebP have it: a TIFF without pixels; None if there are no fields.
    pub fn block(&self) -> Option<Vec<u8>> {
        let layout = Layout::Classic;
        let write = || {
            let mut block = layout.header(0)?;
            let (entries, details) = self.for_tiff(layout, block.len() as u64)?;
            block.extend(details);
            let at = block.len() as u64;
            block.extend(layout.directory(entries, at, true)?);
            block[..8].copy_from_slice(&layout.header(at)?);
            anyhow::Ok(block)
        };
        (!self.is_empty()).then(write)?.ok()
    }
}

/// The block itself: some writers put the name of JPEG's segment before it in other formats too.
pub(super) fn bare(block: &[u8]) -> &[u8] {
    block.strip_prefix(b"Exif\0\0").unwrap_or(block)
}

/// Whether a field says anything but what Recto has sealed ([`Seal`]), which is not true of a derivative and is taken out.
fn is_of_others(field: &mut Field) -> bool {
    let sealed = field.as_text().filter(|text| field.tag() == tag::SOFTWARE && Seal::read(text).is_some());
    let Some(before) = sealed.map(Seal::without) else { return true };
    let (is_there, before) = (!before.is_empty(), Field::text(tag::SOFTWARE, before));
    *field = before;
    is_there
}

/// The fields of a directory that are to be carried, each tag once, as long as there is room.
pub(super) fn fields(
    file: &File,
    ifd: &Ifd,
    room: &mut Room,
    is_carried: impl Fn(u16) -> bool,
) -> Vec<Field> {
    let mut found: Vec<Field> = Vec::new();
    for entry in ifd.entries().iter().filter(|entry| is_carried(entry.tag())) {
        let new = found.last().is_none_or(|last| last.tag() < entry.tag());
        let value = value(file, entry, room.longest.min(room.left)).filter(|_| new);
        if let Some(value) = value {
            room.left -= value.len();
            found.push(Field::new(entry.tag(), entry.code(), entry.count() as usize, value));
        }
    }
    found
}

/// The values of a field of EXIF's types, least significant byte first, if they have no more bytes than `longest`.
fn value(file: &File, entry: &ifd::Entry, longest: usize) -> Option<Vec<u8>> {
    let unit = match entry.code() {
        field_type::BYTE | field_type::ASCII | field_type::SBYTE | field_type::UNDEFINED => 1,
        field_type::SHORT | field_type::SSHORT => 2,
        field_type::LONG | field_type::SLONG | field_type::FLOAT => 4,
        // Two numbers of so many bytes each.
        field_type::RATIONAL | field_type::SRATIONAL => 4,
        field_type::DOUBLE => 8,
        _ => return None,
    };
    let bytes = entry.bytes(file).ok().filter(|bytes| bytes.len() <= longest && !bytes.is_empty())?;
    let mut value = bytes.to_vec();
    if file.big_endian {
        value.chunks_exact_mut(unit).for_each(<[u8]>::reverse);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block with fields of many types, most of which are not carried.
    fn sample() -> Vec<u8> {
        let details = vec![
            Field::text(tag::DATE_TIME_ORIGINAL, "1912:03:04 05:06:07"),
            Field::rationals(tag::EXPOSURE_TIME, &[4]),
            Field::bytes(tag::MAKER_NOTE, b"offsets of a maker"),
            Field::shorts(tag::ORIENTATION, &[6]),
            Field::shorts(tag::COLOR_SPACE, &[0xffff]),
            Field::long(tag::PIXEL_X_DIMENSION, 9000),
        ];
        let main = vec![
            Field::text(tag::IMAGE_DESCRIPTION, "A leaf"),
            Field::text(tag::ARTIST, "A. Photographer"),
            Field::text(tag::COPYRIGHT, "The library"),
            Field::shorts(tag::ORIENTATION, &[6]),
            Field::long(tag::GPS_IFD, 8),
            Field::long(tag::EXIF_IFD, 8),
        ];
        let mut block = Layout::Classic.header(0).expect("short");
        block.extend(Layout::Classic.directory(details, 8, true).expect("short"));
        let at = block.len() as u64;
        block.extend(Layout::Classic.directory(main, at, true).expect("short"));
        block[..8].copy_from_slice(&Layout::Classic.header(at).expect("short"));
        block
    }

    fn tags(entries: &[Field]) -> Vec<u16> {
        entries.iter().map(Field::tag).collect()
    }

    #[test]
    fn what_stays_true_is_carried_and_read_again() {
        let exif = Exif::read(&sample());
        assert_eq!(
            (tags(&exif.main), tags(&exif.details)),
            (
                vec![tag::IMAGE_DESCRIPTION, tag::ARTIST, tag::COPYRIGHT],
                vec![tag::EXPOSURE_TIME, tag::DATE_TIME_ORIGINAL]
            )
        );
        let block = exif.block().expect("a block");
        assert_eq!(Exif::read(&block), exif);
        assert_eq!(Exif::read(&[b"Exif\0\0", &block[..]].concat()), exif);
        let copyright = exif.copyright();
        assert_eq!((tags(&copyright.main), copyright.details.len()), (vec![tag::ARTIST, tag::COPYRIGHT], 0));
        assert!(Exif::default().block().is_none());
    }

    #[test]
    fn damage_leaves_out_fields_and_never_panics() {
        let whole = sample();
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bent = whole.clone();
                bent[at] = value;
                for block in [&bent[..], &bent[..at]] {
                    let block = Exif::read(block).block().unwrap_or_default();
                    assert!(block.len() <= ROOM.left + 4096);
                }
            }
        }
    }

    #[test]
    fn long_values_are_left_out() {
        let main = (0..9).map(|n| Field::text(MAIN[n], &"x".repeat(7000))).collect();
        let mut block = Layout::Classic.header(8).expect("short");
        block.extend(Layout::Classic.directory(main, 8, true).expect("short"));
        assert_eq!(Exif::read(&block).main.len(), ROOM.left / 7001);
    }
}
