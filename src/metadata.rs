//! What a master says about itself in words: its EXIF and XMP, and which of it a derivative carries on.
//! Pure. It comes from anywhere and goes to anybody: only what can be read is carried, and not more than fits a JPEG.

use crate::config;
use crate::tiff::Exif;

/// What a master says about itself; nothing by default.
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

/// What fits a segment of a JPEG beside its name.
const LONGEST_XMP: usize = 65_502;

impl Metadata {
    /// What is left of it under a policy.
    #[must_use]
    pub fn under(self, policy: config::Metadata) -> Self {
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
    /// The packet, or nothing if it is none or too long to be carried.
    pub fn read(packet: &[u8]) -> Option<Self> {
        let text = str::from_utf8(packet).ok()?.trim_end_matches('\0');
        let is_packet = text.contains("<rdf:RDF") && text.contains("</rdf:RDF>");
        let packet = upright(&without_thumbnails(text));
        (is_packet && packet.len() <= LONGEST_XMP).then_some(Self(packet))
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// The pixels were turned already: the orientation is 1, as an attribute or as an element.
fn upright(packet: &str) -> String {
    let mut parts = packet.split("tiff:Orientation");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str("tiff:Orientation");
        match part.find(|c: char| c.is_ascii_digit()).filter(|at| *at < 4) {
            Some(at) => text.extend([&part[..at], "1", &part[at + 1..]]),
            None => text.push_str(part),
        }
    }
    text
}

fn without_thumbnails(packet: &str) -> String {
    let (open, close) = ("<xmp:Thumbnails", "</xmp:Thumbnails>");
    match (packet.find(open), packet.find(close)) {
        (Some(from), Some(to)) if from < to => [&packet[..from], &packet[to + close.len()..]].concat(),
        _ => packet.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_made_upright_and_lose_their_thumbnails() {
        let packet = |inside: &str| format!("<x:xmpmeta><rdf:RDF>{inside}</rdf:RDF></x:xmpmeta>");
        let read = |inside: &str| Xmp::read(packet(inside).as_bytes()).map(|xmp| xmp.text().to_owned());
        for (inside, expected) in [
            ("<a tiff:Orientation=\"6\" b='7'/>", "<a tiff:Orientation=\"1\" b='7'/>"),
            ("<tiff:Orientation>8</tiff:Orientation>", "<tiff:Orientation>1</tiff:Orientation>"),
            ("<tiff:Orientation/>", "<tiff:Orientation/>"),
            ("a<xmp:Thumbnails>AAAA</xmp:Thumbnails>z", "az"),
            ("</xmp:Thumbnails><xmp:Thumbnails>", "</xmp:Thumbnails><xmp:Thumbnails>"),
        ] {
            assert_eq!(read(inside), Some(packet(expected)), "{inside}");
        }
        assert_eq!(read(&"x".repeat(LONGEST_XMP)), None);
        assert_eq!(Xmp::read(b"<rdf:RDF>"), None);
        assert_eq!(Xmp::read(b"<rdf:RDF>\xff</rdf:RDF>"), None);
    }
}
