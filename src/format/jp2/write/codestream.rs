//! The codestream of a picture, put together from those of its tiles.
//! Pure. T.800 annex A.

use super::Frame;

/// Most tiles of a picture: their number is in 16 bits, of which one value is kept free (T.800 table A.5).
pub(crate) const MAX_TILES: u64 = 65_535;

/// What follows the last tile-part: EOC.
pub(crate) const END: [u8; 2] = [0xff, 0xd9];

const SOC: [u8; 2] = [0xff, 0x4f];
const SIZ: u16 = 0xff51;
const COD: u16 = 0xff52;
const TLM: u16 = 0xff55;
const QCD: u16 = 0xff5c;
const COM: u16 = 0xff64;
const SOT: u16 = 0xff90;

/// Bytes of SOT with its marker.
const SOT_LENGTH: usize = 12;

/// Entries that fit a segment of TLM: 65535 bytes less its length, Ztlm and Stlm.
const ENTRIES: usize = (65_535 - 4) / 6;

/// A tile as it stands in the codestream of its picture, but for its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TilePart {
    /// COD and QCD, as the main header is to have them.
    coding: Vec<u8>,
    /// From SOT to before EOC.
    bytes: Vec<u8>,
}

impl TilePart {
    /// The tile of a codestream that has one, in one tile-part.
    ///
    /// # Errors
    /// What the codestream has that cannot be part of another one, in words.
    pub(super) fn of(mut codestream: Vec<u8>) -> Result<Self, String> {
        let cannot = |what: &str| format!("the codestream of a tile {what}");
        let rest = codestream.strip_prefix(&SOC).ok_or_else(|| cannot("does not begin as one"))?;
        let (mut coding, mut at) = (Vec::new(), SOC.len());
        let mut rest = rest;
        loop {
            let &[a, b, c, d, ..] = rest else { return Err(cannot("ends in its header")) };
            let (marker, length) = (u16::from_be_bytes([a, b]), 2 + usize::from(u16::from_be_bytes([c, d])));
            if marker == SOT {
                break;
            }
            let (segment, after) =
                rest.split_at_checked(length).ok_or_else(|| cannot("ends in its header"))?;
            match marker {
                COD | QCD => coding.extend_from_slice(segment),
                SIZ | COM => {}
                other => return Err(cannot(&format!("has the marker {other:#06x}"))),
            }
            (rest, at) = (after, at + length);
        }
        let is_whole = rest.strip_suffix(&END).and_then(|part| Some((part.len(), part.get(..SOT_LENGTH)?)));
        match is_whole {
            // Isot is 0, TPsot 0; TNsot 1, or not told.
            Some((length, &[_, _, 0, 10, 0, 0, a, b, c, d, 0, 0 | 1]))
                if u32::from_be_bytes([a, b, c, d]) as usize == length => {}
            _ => return Err(cannot("is not one tile-part")),
        }
        codestream.truncate(codestream.len() - END.len());
        codestream.drain(..at);
        Ok(Self { coding, bytes: codestream })
    }
}

/// The tiles of a picture as far as they were written, in their order: what the main header says of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tiles {
    coding: Vec<u8>,
    /// Psot of each.
    lengths: Vec<u32>,
}

impl Tiles {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lengths.len()
    }

    /// The bytes of the next tile.
    ///
    /// # Errors
    /// In words, if it is coded in another way than those before it, or there is no number for it.
    pub(crate) fn next(&mut self, part: TilePart) -> Result<Vec<u8>, String> {
        let number = u16::try_from(self.count()).map_err(|_| "too many tiles".to_owned())?;
        let TilePart { coding, mut bytes } = part;
        if self.lengths.is_empty() {
            self.coding = coding;
        } else if self.coding != coding {
            return Err(format!("tile {number} is coded in another way than those before it"));
        }
        bytes[4..6].copy_from_slice(&number.to_be_bytes());
        // TNsot: it is all of its tile.
        bytes[11] = 1;
        self.lengths.push(u32::try_from(bytes.len()).map_err(|_| "a tile of 4 GiB".to_owned())?);
        Ok(bytes)
    }

    /// Bytes from SOT of the first to before EOC.
    pub(super) fn bytes(&self) -> u64 {
        self.lengths.iter().map(|length| u64::from(*length)).sum()
    }

    /// The main header, with a comment of ASCII. Its length depends on the picture and the first tile, not on how many
    /// have been written.
    pub(super) fn main_header(&self, frame: &Frame, comment: &str) -> Vec<u8> {
        let mut header = SOC.to_vec();
        put(&mut header, SIZ, &size(frame));
        header.extend_from_slice(&self.coding);
        // Rcom 1: Latin text.
        put(&mut header, COM, &[&[0, 1], comment.as_bytes()].concat());
        let lengths = self.lengths.iter().copied().chain(std::iter::repeat(0));
        let entries: Vec<_> = (0u16..=u16::MAX).zip(lengths).take(frame.tiles() as usize).collect();
        for (number, entries) in (0u8..).zip(entries.chunks(ENTRIES)) {
            // Ztlm; Stlm: numbers in 16 bits, lengths in 32.
            let mut segment = vec![number, 0x60];
            for (tile, length) in entries {
                segment.extend(tile.to_be_bytes());
                segment.extend(length.to_be_bytes());
            }
            put(&mut header, TLM, &segment);
        }
        header
    }
}

/// SIZ (T.800 A.5.1): a picture and tiles that begin at the origin.
fn size(frame: &Frame) -> Vec<u8> {
    let (size, side, count) = (frame.size, frame.tile_side, frame.channels.count());
    let mut siz = vec![0, 0];
    [size.width, size.height, 0, 0, side, side, 0, 0].iter().for_each(|n| siz.extend(n.to_be_bytes()));
    siz.extend((count as u16).to_be_bytes());
    (0..count).for_each(|_| siz.extend([frame.depth.bits() - 1, 1, 1]));
    siz
}

/// A marker segment with these parameters, at most 65533 bytes.
fn put(header: &mut Vec<u8>, marker: u16, parameters: &[u8]) {
    header.extend(marker.to_be_bytes());
    header.extend((parameters.len() as u16 + 2).to_be_bytes());
    header.extend_from_slice(parameters);
}
