//! The fields of what a pyramid says besides its pixels. Pure.
//! TIFF 6.0 section 8; EXIF 2.32; XMP part 3; IPTC IIM as Photoshop has it in TIFF.

use crate::format::tiff::code::resolution_unit;
use crate::ifd::{Field, field_type, tag};
use crate::pyramid::{Resolution, Tags, Unit};

/// The fields of the first directory, but for the profile and the orientation, which are said of pixels.
pub(super) fn fields(tags: &Tags) -> Vec<Field> {
    let software = tags.software.as_deref().or(Some("Recto"));
    let texts = [
        (tag::IMAGE_DESCRIPTION, tags.description.as_deref()),
        (tag::MAKE, tags.make.as_deref()),
        (tag::MODEL, tags.model.as_deref()),
        (tag::SOFTWARE, software),
        (tag::DATE_TIME, tags.date.as_deref()),
        (tag::ARTIST, tags.artist.as_deref()),
        (tag::COPYRIGHT, tags.copyright.as_deref()),
    ];
    let texts = texts.into_iter().filter_map(|(tag, text)| Some((tag, text?.replace('\0', ""))));
    let texts = texts.filter(|(_, text)| !text.is_empty());
    let mut fields: Vec<Field> = texts.map(|(tag, text)| Field::text(tag, &text)).collect();
    fields.extend(tags.resolution.iter().flat_map(resolution));
    fields.extend(tags.xmp.iter().map(|xmp| Field::octets(tag::XMP, xmp)));
    fields.extend(tags.iptc.iter().map(|iptc| Field::bytes(tag::IPTC, iptc)));
    for field in &tags.more {
        if fields.iter().all(|other| other.tag() != field.tag()) {
            fields.push(field.clone());
        }
    }
    fields
}

/// The directories below the first one that there are: the tag that points to each, and its fields. Another directory
/// that these point to is not there.
pub(super) fn below(tags: &Tags) -> Vec<(u16, Vec<Field>)> {
    let mut exif = tags.exif.clone();
    exif.retain(|field| field.tag() != tag::INTEROPERABILITY_IFD);
    let all = [(tag::EXIF_IFD, exif), (tag::GPS_IFD, tags.gps.clone())];
    all.into_iter().filter(|(_, fields)| !fields.is_empty()).collect()
}

fn resolution(resolution: &Resolution) -> Vec<Field> {
    let (Some(x), Some(y)) = (fraction(resolution.x), fraction(resolution.y)) else { return Vec::new() };
    let unit = match resolution.unit {
        Unit::None => resolution_unit::NONE,
        Unit::Inch => resolution_unit::INCH,
        Unit::Centimetre => resolution_unit::CENTIMETRE,
    };
    let rational = |tag, [above, below]: [u32; 2]| {
        Field::new(tag, field_type::RATIONAL, 1, [above.to_le_bytes(), below.to_le_bytes()].concat())
    };
    vec![
        rational(tag::X_RESOLUTION, x),
        rational(tag::Y_RESOLUTION, y),
        Field::shorts(tag::RESOLUTION_UNIT, &[unit]),
    ]
}

/// A number above 0 as a fraction whose lower part is a power of ten: exact if it is a decimal of few digits.
fn fraction(number: f64) -> Option<[u32; 2]> {
    let most = f64::from(u32::MAX);
    let fractions = (0..7).map(|digits| 10u32.pow(digits)).map(|below| (number * f64::from(below), below));
    let fitting: Vec<(f64, u32)> = fractions.filter(|(above, _)| (0.5..=most).contains(above)).collect();
    let exact = |(above, _): &&(f64, u32)| (above - above.round()).abs() < 1e-9 * above;
    let (above, below) = fitting.iter().find(exact).or(fitting.last())?;
    Some([above.round() as u32, *below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolutions_are_fractions() {
        assert_eq!(fraction(300.0), Some([300, 1]));
        assert_eq!(fraction(118.11), Some([11_811, 100]));
        assert_eq!(fraction(1.0 / 3.0), Some([333_333, 1_000_000]));
        assert_eq!(fraction(4e9), Some([4_000_000_000, 1]));
        for number in [0.0, -1.0, 1e-9, 1e12, f64::NAN, f64::INFINITY] {
            assert_eq!(fraction(number), None, "{number}");
        }
    }

    #[test]
    fn empty_texts_and_doubles_are_left_out() {
        let tags = Tags {
            description: Some("\0".to_owned()),
            artist: Some("A\0B".to_owned()),
            more: vec![Field::text(tag::ARTIST, "C"), Field::text(tag::DOCUMENT_NAME, "D")],
            exif: vec![Field::long(tag::INTEROPERABILITY_IFD, 8)],
            ..Tags::default()
        };
        let found = fields(&tags);
        let texts: Vec<_> =
            found.iter().map(|field| (field.tag(), field.as_text().unwrap_or_default())).collect();
        assert_eq!(texts, [(tag::SOFTWARE, "Recto"), (tag::ARTIST, "AB"), (tag::DOCUMENT_NAME, "D")]);
        assert!(below(&tags).is_empty());
    }
}
