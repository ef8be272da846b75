//! What the fuzz targets call: any bytes go in, and it must end without a panic. Only in their build.

use crate::bytes::Bytes;
use crate::codestream::{BandKind, BlockStyle, Header, Tile, places};
use crate::index::Index;
use crate::tier1::BlockDecoder;

/// Tiles and precincts of one input that are looked at, in all.
const SOME: u32 = 64;

/// The main header and those of tile-parts.
pub fn headers(codestream: &[u8]) {
    let codestream = Bytes::from(codestream);
    let Ok(header) = Header::read(codestream) else { return };
    for trust in [true, false] {
        let Ok(places) = places(codestream, &header, trust) else { continue };
        for number in 0..header.tiles().min(SOME) {
            let _ = Tile::read(codestream, &header, &places, number);
        }
    }
}

/// Packet headers, by PLT or one after the other, and the index as bytes.
pub fn index(codestream: &[u8]) {
    let Ok(mut index) = Index::read(codestream) else { return };
    let mut left = SOME;
    for number in 0..index.header.tiles().min(SOME) {
        let Ok(tile) = index.tile(codestream, number) else { continue };
        for (component, of) in tile.layout.components.iter().enumerate() {
            for (resolution, of) in of.resolutions.iter().enumerate() {
                for precinct in 0..of.precincts().min(left) {
                    let _ = index.precinct(codestream, number, component, resolution, precinct);
                    left -= 1;
                }
            }
        }
    }
    let _ = index.to_bytes();
    index.restore_index(codestream);
}

/// The coding passes of a code-block: width, height, style, planes, subband, passes; the rest is its one segment.
pub fn block(bytes: &[u8]) {
    let Some((&[width, height, style, planes, kind, passes], bytes)) = bytes.split_first_chunk() else {
        return;
    };
    let Ok(style) = BlockStyle::try_from(style & 0x3f) else { return };
    let kind = [BandKind::Ll, BandKind::Hl, BandKind::Lh, BandKind::Hh][usize::from(kind % 4)];
    let size = (u32::from(width) % 65, u32::from(height) % 65);
    let _ = BlockDecoder::new().decode(kind, style, size, planes, &[(passes.into(), bytes)]);
}
