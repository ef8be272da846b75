//! Codestreams for tests, with all that OpenJPEG's encoder can vary.

use std::ffi::CString;
use std::mem::MaybeUninit;
use std::ptr;

use openjpeg_sys as opj;

use super::encode::{Output, stream};
use super::{Owned, done};
use recto_jp2::{Dimensions, Rect};

/// A picture that is not there, and how it is coded.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// The image area on the reference grid.
    pub image: Rect,
    /// Number of components.
    pub components: usize,
    /// Bits of a sample, and whether it has a sign.
    pub precision: (u32, bool),
    /// The component with a region of interest, and by how many planes it is shifted up.
    pub region: Option<(i32, i32)>,
    /// Columns and rows of the reference grid per sample of each component but the first, which has one.
    pub step: (u32, u32),
    /// Origin and size of the tiles; one tile if it is missing.
    pub tiles: Option<((u32, u32), Dimensions)>,
    /// Lrcp, Rlcp, Rpcl, Pcrl, Cprl: 0 to 4.
    pub progression: i32,
    pub layers: usize,
    pub levels: i32,
    /// Width and height of code-blocks.
    pub block: (i32, i32),
    /// Sizes of precincts, the highest resolution first; lower ones halve the last. Empty for none.
    pub precincts: Vec<(i32, i32)>,
    /// Bits of the code-block style.
    pub style: i32,
    pub reversible: bool,
    pub sop: bool,
    pub eph: bool,
    pub plt: bool,
    pub tlm: bool,
    /// `R`, `L` or `C`: a tile-part for each resolution, layer or component.
    pub tile_parts: Option<u8>,
    /// Progression changes: first resolution and component, ends of layers, resolutions and components, progression.
    pub changes: Vec<([u32; 5], i32)>,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            image: Rect::new(0, 0, 300, 200),
            components: 3,
            precision: (8, false),
            region: None,
            step: (1, 1),
            tiles: None,
            progression: 0,
            layers: 1,
            levels: 3,
            block: (16, 16),
            precincts: Vec::new(),
            style: 0,
            reversible: true,
            sop: false,
            eph: false,
            plt: false,
            tlm: false,
            tile_parts: None,
            changes: Vec::new(),
        }
    }
}

impl Sample {
    /// The codestream of it.
    pub(crate) fn codestream(&self) -> Vec<u8> {
        self.encode().unwrap_or_else(|step| panic!("OpenJPEG could not {step}: {self:?}"))
    }

    /// The codestream of it, unless OpenJPEG refuses to write it.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, &'static str> {
        let mut output = Output::default();
        {
            let image = self.picture()?;
            // SAFETY: takes a format, gives a new codec or null.
            let codec = unsafe {
                let codec = opj::opj_create_compress(opj::OPJ_CODEC_FORMAT::OPJ_CODEC_J2K);
                Owned::new(codec, opj::opj_destroy_codec, "start")
            }?;
            let mut parameters = self.parameters();
            let extra = [self.plt.then_some("PLT=YES"), self.tlm.then_some("TLM=YES")];
            let extra: Vec<CString> =
                extra.into_iter().flatten().map(|text| CString::new(text).expect("no zero")).collect();
            let pointers: Vec<_> = extra.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect();
            // SAFETY: all are alive, the list ends with a null pointer, and nothing of it is kept.
            unsafe {
                done(opj::opj_setup_encoder(codec.pointer, &mut parameters, image.pointer), "set up")?;
                done(opj::opj_encoder_set_extra_options(codec.pointer, pointers.as_ptr()), "take options")?;
            }
            let stream = stream(&mut output)?;
            // SAFETY: all are alive, and the codec is set up for this image.
            unsafe {
                done(opj::opj_start_compress(codec.pointer, image.pointer, stream.pointer), "begin")?;
                done(opj::opj_encode(codec.pointer, stream.pointer), "encode")?;
                done(opj::opj_end_compress(codec.pointer, stream.pointer), "end")?;
            }
        }
        Ok(output.file)
    }

    /// Something between a gradient and noise, the same each time.
    fn picture(&self) -> Result<Owned<opj::opj_image_t>, &'static str> {
        let Rect { x, y, .. } = self.image;
        // As OpenJPEG's encoder counts the samples of a row and the rows, which can be one more than there are: it would read
        // beyond its picture.
        let Rect { width, height, .. } = self.image;
        let size = |(dx, dy): (u32, u32)| (width.div_ceil(dx), height.div_ceil(dy));
        let steps = |number| if number == 0 { (1, 1) } else { self.step };
        let (prec, sgnd) = (self.precision.0, self.precision.1.into());
        let component = |number| {
            let ((dx, dy), (w, h)) = (steps(number), size(steps(number)));
            opj::opj_image_cmptparm_t { dx, dy, w, h, x0: x, y0: y, prec, bpp: prec, sgnd }
        };
        let mut components: Vec<_> = (0..self.components).map(component).collect();
        let space = opj::OPJ_COLOR_SPACE::OPJ_CLRSPC_SRGB;
        // SAFETY: reads the components that are there; gives a new image or null.
        let image = unsafe {
            let image = opj::opj_image_create(self.components as u32, components.as_mut_ptr(), space);
            Owned::new(image, opj::opj_image_destroy, "describe the picture")
        }?;
        // SAFETY: not null, and nobody else has it yet; each component has as many samples as it was given above.
        unsafe {
            (*image.pointer).x0 = x;
            (*image.pointer).y0 = y;
            (*image.pointer).x1 = self.image.right();
            (*image.pointer).y1 = self.image.bottom();
            for number in 0..self.components {
                let (width, height) = size(steps(number));
                let data = (*(*image.pointer).comps.add(number)).data;
                let mut noise = 1u32;
                for at in 0..width * height {
                    noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let smooth = (at % width + at / width) / 3 + 40 * number as u32;
                    let value = (((smooth & 0x7f) + (noise >> 27)) << 8 | noise >> 24) >> (16 - prec);
                    *data.add(at as usize) =
                        value as i32 - if self.precision.1 { 1 << (prec - 1) } else { 0 };
                }
            }
        }
        Ok(image)
    }

    fn parameters(&self) -> opj::opj_cparameters_t {
        let mut parameters = MaybeUninit::uninit();
        // SAFETY: fills the whole structure, and 0, with which it starts, is a variant of each of its enums.
        let mut parameters: opj::opj_cparameters_t = unsafe {
            opj::opj_set_default_encoder_parameters(parameters.as_mut_ptr());
            parameters.assume_init()
        };
        if let Some(((x, y), size)) = self.tiles {
            parameters.tile_size_on = 1;
            (parameters.cp_tx0, parameters.cp_ty0) = (x as i32, y as i32);
            (parameters.cp_tdx, parameters.cp_tdy) = (size.width as i32, size.height as i32);
        }
        (parameters.image_offset_x0, parameters.image_offset_y0) = (self.image.x as i32, self.image.y as i32);
        parameters.prog_order = progression(self.progression);
        parameters.numresolution = self.levels + 1;
        (parameters.cblockw_init, parameters.cblockh_init) = self.block;
        parameters.mode = self.style;
        parameters.irreversible = (!self.reversible).into();
        parameters.csty = i32::from(self.sop) << 1 | i32::from(self.eph) << 2;
        parameters.cp_disto_alloc = 1;
        parameters.tcp_numlayers = self.layers as i32;
        for layer in 0..self.layers {
            parameters.tcp_rates[layer] = (2 * (self.layers - layer) - 1) as f32;
        }
        parameters.tcp_mct = (self.components >= 3 && self.step == (1, 1)).into();
        parameters.res_spec = self.precincts.len() as i32;
        parameters.csty |= i32::from(!self.precincts.is_empty());
        for (number, (width, height)) in self.precincts.iter().enumerate() {
            (parameters.prcw_init[number], parameters.prch_init[number]) = (*width, *height);
        }
        if let Some((component, shift)) = self.region {
            (parameters.roi_compno, parameters.roi_shift) = (component, shift);
        }
        if let Some(by) = self.tile_parts {
            (parameters.tp_on, parameters.tp_flag) = (1, by as _);
        }
        parameters.numpocs = self.changes.len() as u32;
        for (change, (bounds, order)) in parameters.POC.iter_mut().zip(&self.changes) {
            [change.resno0, change.compno0, change.layno1, change.resno1, change.compno1] = *bounds;
            (change.prg1, change.tile) = (progression(*order), 1);
        }
        parameters
    }
}

fn progression(number: i32) -> opj::OPJ_PROG_ORDER {
    match number {
        0 => opj::OPJ_PROG_ORDER::OPJ_LRCP,
        1 => opj::OPJ_PROG_ORDER::OPJ_RLCP,
        2 => opj::OPJ_PROG_ORDER::OPJ_RPCL,
        3 => opj::OPJ_PROG_ORDER::OPJ_PCRL,
        _ => opj::OPJ_PROG_ORDER::OPJ_CPRL,
    }
}
