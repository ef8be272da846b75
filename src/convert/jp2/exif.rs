//! The tags of a picture as a block of EXIF, which JP2 holds in a box of its own.
//! Pure. EXIF 2.32: a TIFF without pixels.

use crate::ifd::{Field, Layout, tag};
use crate::pyramid::{Error, Result, Tags};

/// The block; None if there is nothing to say. ICC profile, resolution, XMP and IPTC have boxes of their own.
///
/// # Errors
/// [`Error::Settings`] if it would pass 4 GiB, or a directory has too many fields.
pub(super) fn block(tags: &Tags) -> Result<Option<Vec<u8>>> {
    let main = fields(tags);
    if main.is_empty() && tags.exif.is_empty() && tags.gps.is_empty() {
        return Ok(None);
    }
    let block = written(main, tags);
    Ok(Some(block.map_err(|error| Error::Settings(format!("EXIF that cannot be written: {error}")))?))
}

/// The fields of the first directory.
fn fields(tags: &Tags) -> Vec<Field> {
    let texts = [
        (tag::IMAGE_DESCRIPTION, &tags.description),
        (tag::MAKE, &tags.make),
        (tag::MODEL, &tags.model),
        (tag::SOFTWARE, &tags.software),
        (tag::DATE_TIME, &tags.date),
        (tag::ARTIST, &tags.artist),
        (tag::COPYRIGHT, &tags.copyright),
    ];
    let texts = texts.into_iter().filter_map(|(tag, text)| Some(Field::text(tag, text.as_deref()?)));
    let orientation = tags.orientation.map(|number| Field::shorts(tag::ORIENTATION, &[number]));
    texts.chain(orientation).chain(tags.more.iter().cloned()).collect()
}

/// The directories below the first, then the first, as it knows where they lie.
fn written(mut main: Vec<Field>, tags: &Tags) -> anyhow::Result<Vec<u8>> {
    let layout = Layout::Classic;
    let mut block = layout.header(0)?;
    for (pointer, fields) in [(tag::EXIF_IFD, &tags.exif), (tag::GPS_IFD, &tags.gps)] {
        if !fields.is_empty() {
            let at = block.len() as u64;
            main.push(Field::offsets(pointer, layout, &[at])?);
            block.extend(layout.directory(fields.clone(), at, true)?);
        }
    }
    let at = block.len() as u64;
    block.extend(layout.directory(main, at, true)?);
    let header = layout.header(at)?;
    block[..header.len()].copy_from_slice(&header);
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ifd::File;

    #[test]
    fn directories_are_found_again() {
        assert!(matches!(block(&Tags::default()), Ok(None)));
        let tags = Tags {
            orientation: Some(6),
            artist: Some("A. Photographer".to_owned()),
            exif: vec![Field::text(tag::DATE_TIME_ORIGINAL, "1912:03:04 05:06:07")],
            gps: vec![Field::bytes(0, &[2, 3, 0, 0])],
            ..Tags::default()
        };
        let block = block(&tags).unwrap().unwrap();
        let (file, first) = File::open(&block[..]).unwrap();
        let main = file.ifd(first).unwrap();
        assert_eq!(main.integer(&file, tag::ORIENTATION).unwrap(), Some(6));
        for (pointer, inside) in [(tag::EXIF_IFD, tag::DATE_TIME_ORIGINAL), (tag::GPS_IFD, 0)] {
            let at = main.integer(&file, pointer).unwrap().unwrap();
            assert!(file.ifd(at).unwrap().entry(inside).is_some(), "directory {pointer}");
        }
    }
}
