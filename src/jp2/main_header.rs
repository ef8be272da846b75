//! The main header of a codestream, as far as sizes and the coding of components go.
//! Pure. T.800 annex A: SIZ, COD and COC; the other markers are passed over.

use crate::error::MasterError;
use crate::geometry::{Dimensions, Rect};

/// Ink and colour plus a few extra components; more is no picture.
const MAX_COMPONENTS: usize = 16;

/// More marker segments than any encoder writes before the first tile-part.
const MAX_MARKERS: usize = 10_000;

/// T.800 A.4.2: the index of a tile has 16 bits.
const MAX_TILES: u64 = 65_535;

/// What the main header tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The image on the reference grid.
    pub image: Rect,
    /// Where the first tile starts on the reference grid.
    pub tile_origin: (u32, u32),
    /// The size of a tile on the reference grid.
    pub tile: Dimensions,
    /// Its components; never empty.
    pub components: Vec<Component>,
    /// How they are coded where a tile does not say otherwise.
    pub coding: Coding,
}

/// A component as SIZ tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// Bits of a sample, 1 to 38.
    pub precision: u8,
    /// Whether samples have a sign.
    pub signed: bool,
    /// Columns of the reference grid for each of its own.
    pub dx: u32,
    /// Rows of the reference grid for each of its own.
    pub dy: u32,
}

/// How tiles are coded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coding {
    /// One for each component.
    pub components: Vec<ComponentCoding>,
}

/// How a component is coded (T.800 table A.15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentCoding {
    /// Decomposition levels, 0 to 32.
    pub levels: u8,
    /// Logarithms of a code-block's width and height, 2 to 10.
    pub block: (u8, u8),
    /// Logarithms of the precincts' widths and heights, one for each resolution, lowest first.
    pub precincts: Vec<(u8, u8)>,
}

impl Header {
    /// Whether `bytes` begin as a codestream does: SOC and SIZ.
    pub fn recognises(bytes: &[u8]) -> bool {
        bytes.starts_with(&[0xff, 0x4f, 0xff, 0x51])
    }

    /// Reads the markers up to the first tile-part.
    ///
    /// # Errors
    /// [`MasterError`] if a marker is missing, contradicts itself or is beyond what Recto reads.
    pub fn read(codestream: &[u8]) -> Result<Self, MasterError> {
        if !Self::recognises(codestream) {
            return Err(damaged("it does not begin with SOC and SIZ"));
        }
        let (_, siz, mut rest) = segment(&codestream[2..])?;
        let mut header = Fields(siz).size()?;
        let (mut style, mut own) = (None, Vec::new());
        for _ in 0..MAX_MARKERS {
            let (marker, content, after) = segment(rest)?;
            match marker {
                0x90 => {
                    let style = style.ok_or_else(|| damaged("no COD before the first tile-part"))?;
                    header.coding.components = vec![style; header.components.len()];
                    for (component, style) in own {
                        let of = header.coding.components.get_mut(component);
                        *of.ok_or_else(|| damaged("COC of no component"))? = style;
                    }
                    return Ok(header);
                }
                0x52 => style = Some(Fields(content).default_coding()?),
                0x53 => own.push(Fields(content).component_coding()?),
                _ => {}
            }
            rest = after;
        }
        Err(damaged("too many markers"))
    }

    /// Decomposition levels that every component has: how often the image can be halved.
    pub fn levels(&self) -> u8 {
        self.coding.components.iter().map(|coding| coding.levels).min().unwrap_or(0)
    }

    /// Whether there is more than one tile.
    pub fn is_tiled(&self) -> bool {
        self.tiles() > 1
    }

    /// Number of tiles, at most 65535.
    pub fn tiles(&self) -> u64 {
        tiles(self.image, self.tile_origin, self.tile)
    }
}

fn tiles(image: Rect, origin: (u32, u32), tile: Dimensions) -> u64 {
    let columns = (image.right() - origin.0).div_ceil(tile.width);
    let rows = (image.bottom() - origin.1).div_ceil(tile.height);
    u64::from(columns) * u64::from(rows)
}

/// The rest of a marker segment.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], MasterError> {
        let (taken, rest) =
            self.0.split_first_chunk().ok_or_else(|| damaged("a marker segment is too short"))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, MasterError> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn word(&mut self) -> Result<u32, MasterError> {
        self.take().map(u32::from_be_bytes)
    }

    /// SIZ, T.800 A.5.1: a header without coding.
    fn size(&mut self) -> Result<Header, MasterError> {
        self.take::<2>()?;
        let [right, bottom, x, y] = [self.word()?, self.word()?, self.word()?, self.word()?];
        let tile = Dimensions::new(self.word()?, self.word()?);
        let origin = (self.word()?, self.word()?);
        let most = i32::MAX.cast_unsigned();
        let has_image = x < right && y < bottom && right <= most && bottom <= most;
        let reaches = |origin: u32, side: u32, start: u32| {
            side > 0 && origin <= start && origin.checked_add(side).is_none_or(|end| end > start)
        };
        if !(has_image && reaches(origin.0, tile.width, x) && reaches(origin.1, tile.height, y)) {
            return Err(damaged(format!(
                "an image from {x},{y} to {right},{bottom} in tiles of {tile} from {},{}",
                origin.0, origin.1
            )));
        }
        let image = Rect::new(x, y, right - x, bottom - y);
        let count = usize::from(u16::from_be_bytes(self.take()?));
        if count == 0 || count > MAX_COMPONENTS || tiles(image, origin, tile) > MAX_TILES {
            let tiles = tiles(image, origin, tile);
            return Err(MasterError::unsupported(format!(
                "a codestream of {count} components in {tiles} tiles"
            )));
        }
        let components = (0..count).map(|_| self.component(image)).collect::<Result<_, _>>()?;
        Ok(Header { image, tile_origin: origin, tile, components, coding: Coding::default() })
    }

    fn component(&mut self, image: Rect) -> Result<Component, MasterError> {
        let [depth, dx, dy] = self.take()?;
        let (precision, dx, dy) = ((depth & 0x7f) + 1, u32::from(dx), u32::from(dy));
        let has_samples = dx > 0
            && dy > 0
            && image.x.div_ceil(dx) < image.right().div_ceil(dx)
            && image.y.div_ceil(dy) < image.bottom().div_ceil(dy);
        if precision > 38 || !has_samples {
            return Err(damaged(format!("a component of {precision} bits, subsampled by {dx} and {dy}")));
        }
        Ok(Component { precision, signed: depth & 0x80 != 0, dx, dy })
    }

    /// COD, T.800 A.6.1.
    fn default_coding(&mut self) -> Result<ComponentCoding, MasterError> {
        let [style, ..] = self.take::<5>()?;
        self.coding(style)
    }

    /// COC, T.800 A.6.2. An index of a component has one byte, for there are fewer than 257.
    fn component_coding(&mut self) -> Result<(usize, ComponentCoding), MasterError> {
        let [component, style] = self.take()?;
        Ok((component.into(), self.coding(style)?))
    }

    fn coding(&mut self, style: u8) -> Result<ComponentCoding, MasterError> {
        let [levels, width, height, _style, _transform] = self.take()?;
        // Fields of 4 bits, to which 2 is added (table A.18).
        let block = ((width & 15) + 2, (height & 15) + 2);
        if levels > 32 || block.0 > 10 || block.1 > 10 || block.0 + block.1 > 12 {
            return Err(damaged(format!(
                "{levels} decomposition levels, code-blocks of 2^{} by 2^{}",
                block.0, block.1
            )));
        }
        let precinct = |byte: u8| (byte & 15, byte >> 4);
        let precincts = match style & 1 {
            0 => vec![(15, 15); usize::from(levels) + 1],
            _ => (0..=levels).map(|_| self.byte().map(precinct)).collect::<Result<_, _>>()?,
        };
        Ok(ComponentCoding { levels, block, precincts })
    }
}

/// The next marker with its parameters, and what follows them (T.800 A.1).
fn segment(bytes: &[u8]) -> Result<(u8, &[u8], &[u8]), MasterError> {
    let ends = || damaged("it ends in its main header");
    let (&[mark, marker, high, low], rest) = bytes.split_first_chunk().ok_or_else(ends)?;
    if mark != 0xff || marker < 0x50 {
        return Err(damaged("no marker where one has to be"));
    }
    let length = usize::from(u16::from_be_bytes([high, low])).checked_sub(2).ok_or_else(ends)?;
    let (content, after) = rest.split_at_checked(length).ok_or_else(ends)?;
    Ok((marker, content, after))
}

fn damaged(what: impl std::fmt::Display) -> MasterError {
    MasterError::damaged(format!("JPEG 2000 codestream: {what}"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn marker(marker: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len() + 2).expect("short");
        [&[0xff, marker][..], &length.to_be_bytes(), content].concat()
    }

    /// A main header of so many components of 8 bits; `image` is Xsiz, Ysiz, XOsiz, YOsiz.
    pub fn header(image: [u32; 4], tile: [u32; 4], components: &[[u8; 3]]) -> Vec<u8> {
        let numbers = image.into_iter().chain(tile).flat_map(u32::to_be_bytes);
        let count = u16::try_from(components.len()).expect("few").to_be_bytes();
        let siz = [0, 0].into_iter().chain(numbers).chain(count).chain(components.concat());
        [
            vec![0xff, 0x4f],
            marker(0x51, &siz.collect::<Vec<_>>()),
            marker(0x52, &[0, 2, 0, 1, 1, 5, 4, 4, 0, 1]),
            marker(0x53, &[1, 1, 2, 3, 5, 0, 1, 0x65, 0x76, 0x87]),
            marker(0x64, b"\0\x01a comment"),
            marker(0x90, &[0; 8]),
        ]
        .concat()
    }

    #[test]
    fn sizes_and_coding_are_read() {
        let bytes = header([1000, 700, 3, 5], [256, 128, 1, 2], &[[7, 1, 1], [0x8b, 2, 1], [7, 2, 2]]);
        let header = Header::read(&bytes).expect("a header");
        assert_eq!(header.image, Rect::new(3, 5, 997, 695));
        assert_eq!((header.tile_origin, header.tile), ((1, 2), Dimensions::new(256, 128)));
        assert_eq!(header.components[1], Component { precision: 12, signed: true, dx: 2, dy: 1 });
        assert_eq!((header.levels(), header.tiles(), header.is_tiled()), (2, 24, true));
        let own = &header.coding.components[1];
        assert_eq!((own.block, &own.precincts[..]), ((5, 7), &[(5, 6), (6, 7), (7, 8)][..]));
        assert_eq!(header.coding.components[2].precincts, [(15, 15); 6]);
    }

    #[test]
    fn what_is_cut_or_contradicts_itself_is_refused() {
        let three = [[7, 1, 1]; 3];
        let good = header([64, 64, 0, 0], [64, 64, 0, 0], &three);
        for length in 0..good.len() {
            assert!(Header::read(&good[..length]).is_err(), "{length} bytes");
        }
        for (what, image, tile) in [
            ("no width", [8, 64, 8, 0], [64, 64, 0, 0]),
            ("beyond 31 bits", [0x8000_0000, 64, 0, 0], [0x8000_0000, 64, 0, 0]),
            ("tiles of no width", [64, 64, 0, 0], [0, 64, 0, 0]),
            ("tiles that start inside", [64, 64, 0, 0], [64, 64, 1, 0]),
            ("a first tile outside", [64, 64, 16, 0], [16, 64, 0, 0]),
            ("too many tiles", [300, 300, 0, 0], [1, 1, 0, 0]),
        ] {
            assert!(Header::read(&header(image, tile, &three)).is_err(), "{what}");
        }
        let whole = [[64, 64, 0, 0]; 2];
        for components in [&[[7, 0, 1]; 2][..], &[[38, 1, 1]; 2], &[], &[[7, 1, 1]; 17], &[[7, 1, 1]]] {
            assert!(Header::read(&header(whole[0], whole[1], components)).is_err(), "{components:?}");
        }
        for byte in 0..good.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut wrong = good.clone();
                wrong[byte] = value;
                let _ = Header::read(&wrong);
            }
        }
    }
}
