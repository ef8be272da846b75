//! XMP: the orientation in a packet, and the packet adapted to a picture that was turned upright. Pure. ISO 16684-1
//! (XMP part 1): RDF in XML, where a property may be an attribute or an element, under any prefix that is bound to its
//! namespace. This is the only XMP parser here, so that exactly the properties that are obeyed are removed.

use std::borrow::Cow;
use std::ops::Range;

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, QName, ResolveResult};
use quick_xml::reader::NsReader;

use crate::picture::Orientation;

/// Longer packets are read no further. Editors write histories into them that can be longer, after the properties
/// needed here.
const MAX_PACKET: usize = 4 << 20;

/// A namespace and the prefix that it usually has, which some writers forget to bind.
type Vocabulary = (&'static str, &'static str);

const RDF: Vocabulary = ("http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf");
const TIFF: Vocabulary = ("http://ns.adobe.com/tiff/1.0/", "tiff");
const XMP: Vocabulary = ("http://ns.adobe.com/xap/1.0/", "xmp");

/// A packet that was read.
pub(crate) struct Packet<'a> {
    text: Cow<'a, str>,
    findings: Findings,
    /// Whether all of it could be read, and it is RDF.
    whole: bool,
}

/// The relevant parts of a packet, as ranges of its text, each in the order of the text.
#[derive(Default)]
struct Findings {
    /// Where an orientation stands, and its value.
    orientations: Vec<(Range<usize>, String)>,
    /// Thumbnails, and the XML declaration, which may name the former encoding.
    surplus: Vec<Range<usize>>,
    has_rdf: bool,
}

impl<'a> Packet<'a> {
    /// Reads a packet in UTF-8 or UTF-16, up to where it is damaged.
    pub(crate) fn read(bytes: &'a [u8]) -> Self {
        let (text, is_text) = text(bytes);
        let mut walk = Walk::new(&text);
        let is_read = walk.read().is_ok();
        let findings = walk.findings;
        Self { whole: is_text && is_read && findings.has_rdf, findings, text }
    }

    /// Its orientation, if it is one of the eight.
    pub(crate) fn orientation(&self) -> Option<Orientation> {
        self.findings.orientations.iter().find_map(|(_, value)| {
            let tag = value.trim().parse().ok().filter(|tag| (1..=8).contains(tag))?;
            Some(Orientation::from_tag(tag))
        })
    }

    /// The packet adapted to its picture turned upright, in UTF-8, without thumbnails; None if not all of it could be
    /// read.
    pub(crate) fn upright(&self) -> Option<String> {
        let Findings { orientations, surplus, .. } = &self.findings;
        let turned = orientations.iter().map(|(place, _)| (place.clone(), "1"));
        let mut edits: Vec<_> = turned.chain(surplus.iter().map(|place| (place.clone(), ""))).collect();
        edits.sort_by_key(|(place, _)| place.start);
        let (mut upright, mut at) = (String::with_capacity(self.text.len()), 0);
        for (place, text) in edits {
            upright.extend([self.text.get(at..place.start)?, text]);
            at = place.end;
        }
        upright.push_str(self.text.get(at..)?);
        self.whole.then_some(upright)
    }
}

/// A packet as text, without padding, and whether that is all of it.
fn text(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    let read = &bytes[..bytes.len().min(MAX_PACKET)];
    let wide = |number: fn([u8; 2]) -> u16| {
        let units = read.as_chunks::<2>().0.iter().map(|unit| number(*unit));
        let text: Result<String, _> = char::decode_utf16(units).collect();
        let is_text = text.is_ok();
        (Cow::Owned(text.unwrap_or_default()), is_text)
    };
    let (text, is_text) = match read {
        [0xfe, 0xff, ..] | [0, b'<', ..] => wide(u16::from_be_bytes),
        [0xff, 0xfe, ..] | [b'<', 0, ..] => wide(u16::from_le_bytes),
        _ => {
            let text = read.utf8_chunks().next().map_or("", |chunk| chunk.valid());
            (Cow::Borrowed(text), text.len() == read.len())
        }
    };
    let is_padding = |c: char| matches!(c, '\0' | '\u{feff}') || c.is_ascii_whitespace();
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(is_padding)),
        Cow::Owned(text) => Cow::Owned(text.trim_matches(is_padding).to_owned()),
    };
    (text, is_text && read.len() == bytes.len())
}

/// A walk through the XML of a packet.
struct Walk<'t> {
    text: &'t str,
    reader: NsReader<&'t [u8]>,
    /// How many elements are open.
    depth: usize,
    /// How many were open when `rdf:RDF` was opened, if it is open.
    rdf: Option<usize>,
    /// The open property, if it is relevant.
    open: Option<Property>,
    findings: Findings,
}

/// A property that is an element, until it ends.
enum Property {
    /// Its value, and where that begins and ends.
    Orientation(String, Option<Range<usize>>),
    /// Where it begins.
    Thumbnails(usize),
}

impl<'t> Walk<'t> {
    fn new(text: &'t str) -> Self {
        let mut reader = NsReader::from_str(text);
        // Many writers forget to escape one.
        reader.config_mut().allow_dangling_amp = true;
        Self { text, reader, depth: 0, rdf: None, open: None, findings: Findings::default() }
    }

    /// Reads to the end of the text.
    ///
    /// # Errors
    /// Where the XML is damaged, or declares entities, which only hostile packets do.
    fn read(&mut self) -> Result<(), ()> {
        loop {
            let start = self.position();
            let event = self.reader.read_event().map_err(|_| ())?;
            let place = start..self.position();
            match event {
                Event::Start(tag) => {
                    self.enter(&tag, place);
                    self.depth += 1;
                }
                Event::Empty(tag) => {
                    self.enter(&tag, place.clone());
                    self.leave(place.end);
                }
                Event::End(_) => {
                    self.depth = self.depth.checked_sub(1).ok_or(())?;
                    self.leave(place.end);
                }
                Event::Text(text) => self.add(&text, place),
                Event::CData(text) => self.add(&text, place),
                Event::GeneralRef(reference) => {
                    let character = reference.resolve_char_ref().ok().flatten();
                    // The others are no digits.
                    self.add(character.unwrap_or('&').encode_utf8(&mut [0; 4]), place);
                }
                Event::Decl(_) => self.findings.surplus.push(place),
                Event::DocType(_) => return Err(()),
                Event::Eof if self.depth == 0 => return Ok(()),
                Event::Eof => return Err(()),
                Event::Comment(_) | Event::PI(_) => {}
            }
        }
    }

    fn position(&self) -> usize {
        self.reader.buffer_position() as usize
    }

    fn enter(&mut self, tag: &BytesStart, place: Range<usize>) {
        match self.rdf {
            None if self.is(tag.name(), true, RDF, "RDF") => {
                (self.rdf, self.findings.has_rdf) = (Some(self.depth), true);
            }
            Some(rdf) if self.depth == rdf + 1 => self.read_attributes(tag),
            Some(rdf) if self.depth == rdf + 2 && self.is(tag.name(), true, TIFF, "Orientation") => {
                self.open = Some(Property::Orientation(String::new(), None));
            }
            Some(rdf) if self.depth == rdf + 2 && self.is(tag.name(), true, XMP, "Thumbnails") => {
                self.open = Some(Property::Thumbnails(place.start));
            }
            _ => {}
        }
    }

    /// The properties that are attributes of an `rdf:Description`.
    fn read_attributes(&mut self, tag: &BytesStart) {
        for attribute in tag.attributes().with_checks(false).map_while(Result::ok) {
            if !self.is(attribute.key, false, TIFF, "Orientation") {
                continue;
            }
            let value = quick_xml::escape::unescape(&attribute.value).unwrap_or_default().into_owned();
            // It is borrowed from the text, so that its address gives its place.
            let start = attribute.value.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr());
            let place = start..start.saturating_add(attribute.value.len());
            if self.text.get(place.clone()) == Some(&*attribute.value) {
                self.findings.orientations.push((place, value));
            }
        }
    }

    /// Adds to the value of the open property.
    fn add(&mut self, text: &str, place: Range<usize>) {
        if let Some(Property::Orientation(value, stands)) = &mut self.open
            && !text.trim().is_empty()
        {
            value.push_str(text);
            *stands = Some(stands.as_ref().map_or(place.start, |stands| stands.start)..place.end);
        }
    }

    /// An element ended, outside which `depth` are open.
    fn leave(&mut self, end: usize) {
        if self.rdf == Some(self.depth) {
            self.rdf = None;
        }
        if self.rdf.is_some_and(|rdf| self.depth == rdf + 2) {
            match self.open.take() {
                Some(Property::Orientation(value, Some(place))) => {
                    self.findings.orientations.push((place, value));
                }
                Some(Property::Thumbnails(start)) => self.findings.surplus.push(start..end),
                _ => {}
            }
        }
    }

    /// Whether an element or attribute has this name.
    fn is(&self, name: QName, is_element: bool, (namespace, prefix): Vocabulary, local: &str) -> bool {
        if name.local_name().as_ref() != local {
            return false;
        }
        match self.reader.resolver().resolve(name, is_element).0 {
            ResolveResult::Bound(Namespace(bound)) => bound == namespace,
            ResolveResult::Unknown(unbound) => unbound == prefix,
            ResolveResult::Unbound => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF \
        xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>";
    const END: &str = "</rdf:RDF></x:xmpmeta>";

    /// A packet of one description, which has these attributes and contents.
    fn packet(attributes: &str, contents: &str) -> String {
        let bound = "xmlns:tiff='http://ns.adobe.com/tiff/1.0/' xmlns:xmp='http://ns.adobe.com/xap/1.0/'";
        format!("{START}<rdf:Description rdf:about='' {bound} {attributes}>{contents}</rdf:Description>{END}")
    }

    /// The orientation before and after a packet is made upright, and the latter.
    fn turned(bytes: &[u8]) -> (Option<Orientation>, Option<Orientation>, Option<String>) {
        let (before, upright) = (Packet::read(bytes).orientation(), Packet::read(bytes).upright());
        (before, upright.as_ref().and_then(|text| Packet::read(text.as_bytes()).orientation()), upright)
    }

    #[test]
    fn an_orientation_is_found_in_every_form_and_becomes_1() {
        let own = "xmlns:t='http://ns.adobe.com/tiff/1.0/'";
        for (attributes, contents) in [
            ("tiff:Orientation=\"6\"", ""),
            ("tiff:Orientation = '6'", ""),
            ("tiff:Orientation\n=\t' 6\n'", ""),
            ("tiff:Orientation='&#54;'", ""),
            (&*format!("{own} t:Orientation='6'"), ""),
            ("a='>' b=\"'\" tiff:Orientation='6'", ""),
            ("", "<tiff:Orientation>6</tiff:Orientation>"),
            ("", "<tiff:Orientation >\n  6\n</tiff:Orientation >"),
            ("", "<tiff:Orientation>&#x36;</tiff:Orientation>"),
            ("", "<tiff:Orientation><![CDATA[6]]></tiff:Orientation>"),
            ("", "<tiff:Orientation><!-- 3 -->6<!-- 3 --></tiff:Orientation>"),
            ("", "<tiff:Orientation xml:lang='x-default'>6</tiff:Orientation>"),
            ("", &*format!("<t:Orientation {own}>6</t:Orientation>")),
            ("", "<Orientation xmlns='http://ns.adobe.com/tiff/1.0/'>6</Orientation>"),
            ("", "<tiff:Orientation rdf:parseType='Resource'> <rdf:value>6</rdf:value> </tiff:Orientation>"),
            (
                "tiff:Orientation='0'",
                "<tiff:Orientation>6</tiff:Orientation><tiff:Orientation>3</tiff:Orientation>",
            ),
        ] {
            let text = packet(attributes, contents);
            let (before, after, upright) = turned(text.as_bytes());
            assert_eq!(before, Some(Orientation::from_tag(6)), "{text}");
            assert_eq!(after, Some(Orientation::UPRIGHT), "{upright:?}");
            let wide = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
            for wide in [wide(u16::to_be_bytes), wide(u16::to_le_bytes)] {
                assert_eq!(turned(&wide), (before, after, upright.clone()), "in UTF-16: {text}");
            }
        }
    }

    #[test]
    fn what_only_looks_like_one_is_let_be() {
        for (attributes, contents) in [
            ("", "<!-- tiff:Orientation='6' -->"),
            ("", "<tiff:Orientation/>"),
            ("", "<tiff:Make>tiff:Orientation='6'</tiff:Make>"),
            ("tiff:Make='tiff:Orientation=6'", ""),
            ("xmlns:tiff2='urn:other' tiff2:Orientation='6'", ""),
            ("Orientation='6'", "<Orientation>6</Orientation>"),
            ("", "<xmp:Of><rdf:Description tiff:Orientation='6'/></xmp:Of>"),
        ] {
            let text = packet(attributes, contents);
            assert_eq!(turned(text.as_bytes()), (None, None, Some(text.clone())));
        }
        for value in ["0", "9", "66", "-6", "six", "6&amp;"] {
            let text = packet(&format!("tiff:Orientation='{value}'"), "");
            assert_eq!(turned(text.as_bytes()).0, None, "{value}");
            assert_eq!(turned(text.as_bytes()).1, Some(Orientation::UPRIGHT), "{value}");
        }
    }

    #[test]
    fn prefixes_may_be_unbound_and_packets_padded() {
        let text = "<rdf:RDF><rdf:Description tiff:Orientation=\"6\"/></rdf:RDF>";
        let padded =
            format!("\u{feff}<?xml version='1.0' encoding='UTF-16'?>{text}\n <?xpacket end='w'?>\0\0");
        let upright = "<rdf:RDF><rdf:Description tiff:Orientation=\"1\"/></rdf:RDF>";
        assert_eq!(turned(text.as_bytes()).2.as_deref(), Some(upright));
        assert_eq!(turned(padded.as_bytes()).2, Some(format!("{upright}\n <?xpacket end='w'?>")));
    }

    #[test]
    fn thumbnails_are_taken_away() {
        let text =
            packet("", "a<xmp:Thumbnails><rdf:Alt>AAAA</rdf:Alt></xmp:Thumbnails>&amp; b<xmp:Thumbnails/>");
        assert_eq!(Packet::read(text.as_bytes()).upright(), Some(packet("", "a&amp; b")));
    }

    #[test]
    fn damage_ends_a_packet() {
        let text = packet("tiff:Orientation='6'", "<tiff:Orientation>3</tiff:Orientation>");
        for length in 0..text.len() {
            let cut = Packet::read(&text.as_bytes()[..length]);
            assert_eq!(cut.upright(), None, "{length} bytes");
            assert!(cut.orientation().is_none_or(|found| found == Orientation::from_tag(6)));
            for value in *b"\0<>&'\"/\xff" {
                let mut bent = text.clone().into_bytes();
                bent[length] = value;
                Packet::read(&bent).upright();
            }
        }
        let entities = format!("<!DOCTYPE x [<!ENTITY a '6'>]>{}", packet("tiff:Orientation='&a;'", ""));
        assert_eq!(turned(entities.as_bytes()), (None, None, None));
        assert_eq!(Packet::read(b"<rdf:RDF>\xff</rdf:RDF>").upright(), None);
        assert_eq!(Packet::read(b"<x/>").upright(), None, "no RDF");
    }
}
