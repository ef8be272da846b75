//! The metadata of a master: its EXIF and XMP, and which of it a derivative carries on.
//! Pure. Its origin is untrusted and its readers are anybody: only what can be parsed is carried, and not more than
//! fits a JPEG.

mod blocks;
mod exif;
pub(crate) mod kept;
pub(crate) mod orientation;
mod policy;
mod seal;
mod xmp;

pub(crate) use blocks::Blocks;
pub(crate) use exif::{Exif, ExifField};
pub(crate) use kept::Kept;
pub(crate) use orientation::{exif_orientation, is_adobe_rgb};
pub(crate) use policy::Policy;
pub(crate) use seal::Seal;
pub(crate) use xmp::Packet;

/// The metadata of a master; none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Its EXIF, or the same fields of a TIFF.
    pub exif: Exif,
    /// Its XMP packet.
    pub xmp: Option<Xmp>,
}

/// An XMP packet (XMP part 1), of a picture that stands upright and has no thumbnail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Xmp(String);

/// Most bytes that fit a JPEG segment beside its name.
const LONGEST_XMP: usize = 65_502;

impl Metadata {
    /// The part that a policy carries on.
    #[must_use]
    pub fn under(self, policy: Policy) -> Self {
        let exif = match (policy.exif, policy.copyright) {
            (true, true) => self.exif,
            (true, false) => self.exif.without_copyright(),
            (false, true) => self.exif.copyright(),
            (false, false) => Exif::default(),
        };
        Self { exif, xmp: self.xmp.filter(|_| policy.xmp) }
    }
}

impl Xmp {
    /// The packet; None if it is invalid or too long to be carried.
    pub fn read(packet: &[u8]) -> Option<Self> {
        let packet = Packet::read(packet).upright()?;
        (packet.len() <= LONGEST_XMP).then_some(Self(packet))
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_rdf_and_fit_a_jpeg() {
        let read = |inside: &str| Xmp::read(format!("<rdf:RDF>{inside}</rdf:RDF>").as_bytes());
        let upright = |inside: &str| read(inside).map(|xmp| xmp.text().to_owned());
        assert_eq!(
            upright("<rdf:Description tiff:Orientation='6'/>").as_deref(),
            Some("<rdf:RDF><rdf:Description tiff:Orientation='1'/></rdf:RDF>")
        );
        let around = "<rdf:RDF></rdf:RDF>".len();
        assert!(read(&"x".repeat(LONGEST_XMP - around)).is_some());
        assert_eq!(read(&"x".repeat(LONGEST_XMP - around + 1)), None);
        assert_eq!(Xmp::read(b"<rdf:RDF>"), None);
    }
}
