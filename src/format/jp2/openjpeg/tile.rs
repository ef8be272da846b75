//! OpenJPEG's encoder for one tile of a large picture, as a codestream that has no other: tiles of a picture can be
//! compressed by many threads at once, though OpenJPEG is built without.
//! The tile lies where it lies in the picture: its wavelets, precincts and code-blocks are those that it has there
//! (T.800 annex B), so that its tile-part can stand in the codestream of the whole.

use openjpeg_sys as opj;

use super::encode::{Encoder, Output, default_parameters, image, planes};
use crate::picture::{Channels, Rect};
use crate::raster::{AnyRaster, Raster};

/// The sides of code-blocks and of precincts, in samples. Code-blocks are as large as T.800 allows. A precinct of the
/// highest resolution is what a viewer asks for at once.
const BLOCK: i32 = 64;
const PRECINCT: i32 = 256;

/// How the tiles of a picture are compressed: all of them in the same way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Coding {
    /// Width and height of a tile in pixels, but for those that the picture's edge cuts.
    pub(crate) tile_side: u32,
    /// How often a tile can be halved: 2 to the power of it is at most the side of a tile.
    pub(crate) halvings: u8,
    /// What may be lost.
    pub(crate) loss: Loss,
}

/// What compression may lose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Loss {
    /// Nothing: the reversible 5/3 wavelet.
    None,
    /// By the 9/7 wavelet, as much as leaves so many decibels of peak signal to noise ratio in each tile.
    Psnr(f32),
}

/// The codestream of a tile whose upper left corner is at column `x` and row `y` of its picture.
///
/// # Errors
/// The step that OpenJPEG refused.
pub(in crate::format::jp2) fn encode_tile(
    tile: &AnyRaster,
    (x, y): (u32, u32),
    coding: &Coding,
) -> Result<Vec<u8>, &'static str> {
    let size = tile.dimensions();
    let area = Rect::new(x, y, size.width, size.height);
    let (mut eight, mut sixteen);
    let (bits, samples) = match tile {
        AnyRaster::Eight(raster) => {
            eight = samples(raster);
            (8, &mut eight[..])
        }
        AnyRaster::Sixteen(raster) => {
            sixteen = samples(raster);
            (16, bytemuck::cast_slice_mut(&mut sixteen))
        }
    };
    let mut output = Output::default();
    let image = image(area, tile.channels(), bits)?;
    let mut parameters = parameters(tile.channels(), area, coding);
    let format = opj::OPJ_CODEC_FORMAT::OPJ_CODEC_J2K;
    let mut encoder = Encoder::start(format, image, &mut parameters, &[c"PLT=YES"], &mut output)?;
    encoder.tile(0, samples)?;
    encoder.end()?;
    Ok(output.file)
}

fn samples<S: Copy>(raster: &Raster<S>) -> Vec<S> {
    let Raster { dimensions, channels, pixels } = raster;
    planes(pixels, dimensions.width as usize * channels.count(), *channels, Rect::whole(*dimensions))
}

fn parameters(channels: Channels, area: Rect, coding: &Coding) -> opj::opj_cparameters_t {
    let mut parameters = default_parameters();
    parameters.tile_size_on = 1;
    (parameters.cp_tx0, parameters.cp_ty0) = (area.x.cast_signed(), area.y.cast_signed());
    let side = coding.tile_side.cast_signed();
    (parameters.cp_tdx, parameters.cp_tdy) = (side, side);
    parameters.prog_order = opj::OPJ_PROG_ORDER::OPJ_RPCL;
    parameters.numresolution = 1 + i32::from(coding.halvings);
    (parameters.cblockw_init, parameters.cblockh_init) = (BLOCK, BLOCK);
    // Precincts have a size of their own, in each resolution.
    parameters.csty |= 1;
    parameters.res_spec = parameters.numresolution;
    for resolution in 0..=usize::from(coding.halvings) {
        (parameters.prcw_init[resolution], parameters.prch_init[resolution]) = (PRECINCT, PRECINCT);
    }
    parameters.tcp_numlayers = 1;
    match coding.loss {
        Loss::None => parameters.cp_disto_alloc = 1,
        Loss::Psnr(decibels) => {
            parameters.irreversible = 1;
            parameters.cp_fixed_quality = 1;
            parameters.tcp_distoratio[0] = decibels;
        }
    }
    // The transform is one of red, green and blue; inks are left as they are.
    parameters.tcp_mct = matches!(channels, Channels::Rgb | Channels::Rgba).into();
    parameters
}
