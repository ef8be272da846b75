//! What a codestream may ask of OpenJPEG, which allocates the structures of whole tiles before it sees their bytes.
//! Pure arithmetic on the headers.

use crate::error::MasterError;
use crate::format::budget::MAX_BYTES;
use crate::memory::room;
use recto_jp2::codestream::{Coding, ComponentCoding};
use recto_jp2::{Component, Header, Rect};

/// Code-blocks and precincts of one tile, each of which takes about 350 bytes: an untiled image of a gigapixel in
/// colour.
const MAX_BLOCKS: u64 = 1 << 20;

/// Tiles times components, each of which takes a kilobyte or two.
const MAX_TILE_COMPONENTS: u64 = 1 << 18;

/// Samples that are decoded at once: an untiled image of 17 megapixels in colour.
const MAX_SAMPLES: u64 = MAX_BYTES / SAMPLE_BYTES;

/// Bytes that a sample takes.
const SAMPLE_BYTES: u64 = 8;

/// Refuses what would take too much memory, by the main header or by those of the tiles in `area`, all of whose samples
/// are decoded with `reduction` highest resolutions left out.
pub(super) fn check(
    codestream: &[u8],
    header: &Header,
    reduction: u8,
    area: Rect,
) -> Result<(), MasterError> {
    let samples = |component: &Component| component.reduced(area, reduction).dimensions().area();
    let samples: u64 = header.components.iter().map(samples).sum();
    if samples > MAX_SAMPLES {
        return Err(MasterError::TooLarge(format!(
            "tiles of High-Throughput JPEG 2000 with {samples} samples, of which no part can be decoded alone; at most \
             {MAX_SAMPLES} are allowed"
        )));
    }
    room(samples * SAMPLE_BYTES)?;
    let tile_components = u64::from(header.tiles()) * header.components.len() as u64;
    if tile_components > MAX_TILE_COMPONENTS {
        return Err(MasterError::TooLarge(format!(
            "a JPEG 2000 codestream of {tile_components} components of tiles; at most {MAX_TILE_COMPONENTS} are allowed"
        )));
    }
    check_tile(header, &header.coding)?;
    // Tiles that cannot be read are left out: OpenJPEG complains of them by itself.
    header.codings_of(codestream, area)?.try_for_each(|coding| check_tile(header, &coding))
}

/// Refuses a tile that is coded so.
fn check_tile(header: &Header, coding: &Coding) -> Result<(), MasterError> {
    let blocks = header.components.iter().zip(&coding.components).map(|(component, coding)| {
        let side = |tile: u32, image: u32, step: u32| u64::from(tile.min(image).div_ceil(step)) + 1;
        let width = side(header.tile.width, header.image.right(), component.dx);
        let height = side(header.tile.height, header.image.bottom(), component.dy);
        blocks(width, height, coding)
    });
    match blocks.fold(0u64, u64::saturating_add) {
        ..=MAX_BLOCKS => Ok(()),
        blocks => Err(MasterError::TooLarge(format!(
            "a JPEG 2000 codestream with tiles of {blocks} code-blocks and precincts; at most {MAX_BLOCKS} are allowed"
        ))),
    }
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
    use crate::format::jp2::openjpeg::sample::Sample;
    use crate::format::jp2::tests::headers::bytes;

    #[test]
    fn gigapixels_pass_and_what_only_claims_to_be_more_does_not() {
        let check = |side: u32, tile: u32| {
            let bytes = bytes([side, side, 0, 0], [tile, tile, 0, 0], &[[7, 1, 1]; 3]);
            let header = Header::read(&bytes).expect("a header");
            check(&bytes, &header, 0, Rect::new(0, 0, 256, 256))
        };
        assert_eq!(check(30_000, 30_000), Ok(()));
        assert_eq!(check(200_000, 1024), Ok(()));
        assert!(check(0x7fff_ffff, 0x7fff_ffff).is_err());
        assert!(check(100_000, 100_000).is_err());
    }

    #[test]
    fn an_image_that_can_only_be_decoded_whole_must_not_be_large() {
        let bytes = bytes([30_000, 30_000, 0, 0], [30_000, 30_000, 0, 0], &[[7, 1, 1]; 3]);
        let header = Header::read(&bytes).expect("a header");
        assert!(matches!(check(&bytes, &header, 0, header.image), Err(MasterError::TooLarge(_))));
        assert_eq!(check(&bytes, &header, 3, header.image), Ok(()));
    }

    #[test]
    fn tiles_that_ask_for_more_than_the_main_header_do_not_pass() {
        let sample = Sample { image: Rect::new(0, 0, 1500, 1000), levels: 1, ..Sample::default() };
        let codestream = sample.codestream();
        let header = Header::read(&codestream).expect("a header");
        assert_eq!(check(&codestream, &header, 0, sample.image), Ok(()));
        // COD of the tile: precincts of 2 samples' side at each of two resolutions.
        let start = codestream.windows(4).position(|bytes| bytes == [0xff, 0x90, 0, 10]).expect("SOT");
        let cod = [0xff, 0x52, 0, 14, 1, 0, 0, 1, 1, 1, 2, 2, 0, 1, 0x11, 0x11];
        let mut greedy = codestream.clone();
        greedy.splice(start + 12..start + 12, cod);
        let length = u32::from_be_bytes(*codestream[start + 6..].first_chunk().expect("Psot"));
        greedy[start + 6..start + 10].copy_from_slice(&(length + cod.len() as u32).to_be_bytes());
        let error = check(&greedy, &header, 0, sample.image).expect_err("millions of precincts");
        assert!(matches!(error, MasterError::TooLarge(_)), "{error}");
    }
}
