//! What a codestream may ask of OpenJPEG, which allocates the structures of whole tiles before it sees their bytes.
//! Pure arithmetic on the main header.

use crate::error::MasterError;
use crate::jp2::codestream::{ComponentCoding, Header};

/// Code-blocks and precincts of one tile, each of which takes about 350 bytes: an untiled image of a gigapixel in
/// colour.
const MAX_BLOCKS: u64 = 1 << 20;

/// Tiles times components, each of which takes a kilobyte or two.
const MAX_TILE_COMPONENTS: u64 = 1 << 18;

/// Refuses what would take too much memory whatever the window.
pub fn check(header: &Header) -> Result<(), MasterError> {
    let tile_components = u64::from(header.tiles()) * header.components.len() as u64;
    let blocks = header.components.iter().zip(&header.coding.components).map(|(component, coding)| {
        let side = |tile: u32, image: u32, step: u32| u64::from(tile.min(image).div_ceil(step)) + 1;
        let width = side(header.tile.width, header.image.right(), component.dx);
        let height = side(header.tile.height, header.image.bottom(), component.dy);
        blocks(width, height, coding)
    });
    let blocks = blocks.fold(0u64, u64::saturating_add);
    if tile_components <= MAX_TILE_COMPONENTS && blocks <= MAX_BLOCKS {
        return Ok(());
    }
    Err(MasterError::TooLarge(format!(
        "a JPEG 2000 codestream of {} tiles with {blocks} code-blocks and precincts each; at most {MAX_BLOCKS} are \
         allowed for a tile",
        header.tiles()
    )))
}

/// Code-blocks and precincts of a tile-component, at most.
fn blocks(width: u64, height: u64, coding: &ComponentCoding) -> u64 {
    let at = |(resolution, &(across, down)): (usize, &(u8, u8))| {
        let shift = (usize::from(coding.levels) - resolution).min(63);
        let (width, height) = ((width >> shift) + 2, (height >> shift) + 2);
        let cells = |across: u8, down: u8| ((width >> across) + 2).saturating_mul((height >> down) + 2);
        // A code-block is not larger than its precinct's part of a subband, half a precinct wide (T.800 B-17, B-18).
        let band = u8::from(resolution > 0);
        let block = |block: u8, precinct: u8| (band + block).min(precinct);
        let bands = 1 + 2 * u64::from(band);
        let blocks = cells(block(coding.block.0, across), block(coding.block.1, down)).saturating_mul(bands);
        blocks.saturating_add(cells(across, down))
    };
    coding.precincts.iter().enumerate().map(at).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jp2::codestream::tests::bytes;

    #[test]
    fn gigapixels_pass_and_what_only_claims_to_be_more_does_not() {
        let check = |side: u32, tile: u32| {
            let bytes = bytes([side, side, 0, 0], [tile, tile, 0, 0], &[[7, 1, 1]; 3]);
            check(&Header::read(&bytes).expect("a header"))
        };
        assert_eq!(check(30_000, 30_000), Ok(()));
        assert_eq!(check(200_000, 1024), Ok(()));
        assert!(check(0x7fff_ffff, 0x7fff_ffff).is_err());
        assert!(check(100_000, 100_000).is_err());
    }
}
