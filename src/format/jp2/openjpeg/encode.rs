//! OpenJPEG's encoder: pixels in, a JP2 file out, one tile at a time.
//! T.800 annex I (the JP2 file format).

use std::ffi::{CStr, c_void};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::{ptr, slice};

use openjpeg_sys as opj;

use super::{Owned, done};
use crate::picture::{Channels, Dimensions, Rect};
use crate::watch::Watch;

/// Side of a JPEG 2000 tile: memory is bounded by one tile, whatever the size of the picture.
const TILE: u32 = 1024;

/// Interleaved 8-bit pixels, rows without padding, alpha not premultiplied and last.
pub struct Picture<'a> {
    /// Its size in pixels; neither side is 0 or more than `i32::MAX`.
    pub dimensions: Dimensions,
    /// What a pixel holds.
    pub channels: Channels,
    /// `dimensions.area() * channels.count()` bytes.
    pub pixels: &'a [u8],
}

/// The picture as a JP2 file, `ratio` times smaller than its pixels, or without loss.
///
/// # Errors
/// The step that OpenJPEG refused; any, if `watch` ends the work, which is asked before each tile.
pub fn compress(picture: &Picture, ratio: Option<u16>, watch: &Watch) -> Result<Vec<u8>, &'static str> {
    compress_with(picture, parameters(picture, ratio), watch)
}

/// A gray picture as one code-block without a transform, whose coefficients are known therefore: pixels less 128.
#[cfg(test)]
pub(crate) fn compress_block(picture: &Picture, style: u8) -> Result<Vec<u8>, &'static str> {
    let side = |length: u32| length.next_power_of_two().max(4) as i32;
    let mut parameters = parameters(picture, None);
    parameters.numresolution = 1;
    parameters.cblockw_init = side(picture.dimensions.width);
    parameters.cblockh_init = side(picture.dimensions.height);
    parameters.mode = style.into();
    compress_with(picture, parameters, &Watch::unlimited())
}

fn compress_with(
    picture: &Picture,
    mut parameters: opj::opj_cparameters_t,
    watch: &Watch,
) -> Result<Vec<u8>, &'static str> {
    let mut output = Output::default();
    let image = image(Rect::whole(picture.dimensions), picture.channels, 8)?;
    let format = opj::OPJ_CODEC_FORMAT::OPJ_CODEC_JP2;
    let mut encoder = Encoder::start(format, image, &mut parameters, &[], &mut output)?;
    for (index, tile) in (0u32..).zip(tiles(picture.dimensions)) {
        watch.check().map_err(|_| "go on")?;
        let row_samples = picture.dimensions.width as usize * picture.channels.count();
        encoder.tile(index, &mut planes(picture.pixels, row_samples, picture.channels, tile))?;
    }
    encoder.end()?;
    Ok(output.file)
}

/// An encoder that has written the header and waits for tiles. What it needs is dropped in the order of its fields.
pub(super) struct Encoder<'a> {
    stream: Owned<opj::opj_stream_t>,
    codec: Owned<opj::opj_codec_t>,
    _image: Owned<opj::opj_image_t>,
    _output: PhantomData<&'a mut Output>,
}

impl<'a> Encoder<'a> {
    /// Writes the header of a file of `format` to `output`. `options` are those that have no parameter.
    ///
    /// # Errors
    /// The step that OpenJPEG refused.
    pub(super) fn start(
        format: opj::OPJ_CODEC_FORMAT,
        image: Owned<opj::opj_image_t>,
        parameters: &mut opj::opj_cparameters_t,
        options: &[&CStr],
        output: &'a mut Output,
    ) -> Result<Self, &'static str> {
        // SAFETY: takes a format, gives a new codec or null.
        let codec = unsafe {
            let codec = opj::opj_create_compress(format);
            Owned::new(codec, opj::opj_destroy_codec, "start")
        }?;
        // SAFETY: all three are alive; what is kept of the parameters is copied.
        let ready = unsafe { opj::opj_setup_encoder(codec.pointer, parameters, image.pointer) };
        done(ready, "take its parameters")?;
        if !options.is_empty() {
            let options: Vec<_> = options.iter().map(|option| option.as_ptr()).chain([ptr::null()]).collect();
            // SAFETY: the codec is alive, the list ends with a null pointer, and nothing of it is kept.
            let taken = unsafe { opj::opj_encoder_set_extra_options(codec.pointer, options.as_ptr()) };
            done(taken, "take its options")?;
        }
        let stream = stream(output)?;
        // SAFETY: all three are alive, and the codec is set up for this image.
        let started = unsafe { opj::opj_start_compress(codec.pointer, image.pointer, stream.pointer) };
        done(started, "write the header")?;
        Ok(Self { stream, codec, _image: image, _output: PhantomData })
    }

    /// Compresses the next tile: its samples, one component after the other; of more than 8 bits two bytes each, in the
    /// order of the machine and at an even address.
    ///
    /// # Errors
    /// The step that OpenJPEG refused.
    pub(super) fn tile(&mut self, index: u32, samples: &mut [u8]) -> Result<(), &'static str> {
        let length = u32::try_from(samples.len()).map_err(|_| "hold a tile")?;
        // SAFETY: another index than the next one is refused, as is another length than that of the tile; `samples` has the
        // length that is passed and is only read, during this call.
        let written = unsafe {
            let (codec, stream) = (self.codec.pointer, self.stream.pointer);
            opj::opj_write_tile(codec, index, samples.as_mut_ptr(), length, stream)
        };
        done(written, "compress a tile")
    }

    /// Writes what follows the last tile.
    ///
    /// # Errors
    /// The step that OpenJPEG refused.
    pub(super) fn end(self) -> Result<(), &'static str> {
        // SAFETY: as for the start; flushes into the output, which is still borrowed.
        done(unsafe { opj::opj_end_compress(self.codec.pointer, self.stream.pointer) }, "write the end")
    }
}

/// A picture without pixels that covers `area` of the reference grid, in samples of so many bits.
pub(super) fn image(
    area: Rect,
    channels: Channels,
    bits: u8,
) -> Result<Owned<opj::opj_image_t>, &'static str> {
    let Rect { x: x0, y: y0, width: w, height: h } = area;
    let prec = bits.into();
    let component = opj::opj_image_cmptparm_t { dx: 1, dy: 1, w, h, x0, y0, prec, bpp: prec, sgnd: 0 };
    let mut components = [component; 4];
    let count = channels.count();
    let space = match channels.has_colour() {
        true => opj::OPJ_COLOR_SPACE::OPJ_CLRSPC_SRGB,
        false => opj::OPJ_COLOR_SPACE::OPJ_CLRSPC_GRAY,
    };
    // SAFETY: reads `count` components, at most the four that are there; gives a new image or null.
    let image = unsafe {
        let image = opj::opj_image_tile_create(count as u32, components.as_mut_ptr(), space);
        Owned::new(image, opj::opj_image_destroy, "describe the picture")
    }?;
    // SAFETY: not null, and nobody else has it yet; `comps` has `count` elements, the last of which is alpha if any is.
    unsafe {
        ((*image.pointer).x0, (*image.pointer).y0) = (x0, y0);
        ((*image.pointer).x1, (*image.pointer).y1) = (area.right(), area.bottom());
        (*(*image.pointer).comps.add(count - 1)).alpha = channels.has_alpha().into();
    }
    Ok(image)
}

/// OpenJPEG's own.
pub(super) fn default_parameters() -> opj::opj_cparameters_t {
    let mut parameters = MaybeUninit::uninit();
    // SAFETY: fills the whole structure, and 0, with which it starts, is a variant of each of its enums.
    unsafe {
        opj::opj_set_default_encoder_parameters(parameters.as_mut_ptr());
        parameters.assume_init()
    }
}

fn parameters(picture: &Picture, ratio: Option<u16>) -> opj::opj_cparameters_t {
    let tile = tile_size(picture.dimensions);
    let mut parameters = default_parameters();
    parameters.tile_size_on = 1;
    parameters.cp_tdx = tile.width as i32;
    parameters.cp_tdy = tile.height as i32;
    // Each resolution halves the tile, which cannot become smaller than a pixel.
    parameters.numresolution = 6.min(1 + tile.width.min(tile.height).ilog2() as i32);
    parameters.cp_disto_alloc = 1;
    parameters.tcp_numlayers = 1;
    parameters.tcp_rates[0] = ratio.map_or(0.0, f32::from);
    parameters.irreversible = ratio.is_some().into();
    parameters.tcp_mct = picture.channels.has_colour().into();
    parameters
}

fn tile_size(picture: Dimensions) -> Dimensions {
    Dimensions::new(picture.width.min(TILE), picture.height.min(TILE))
}

/// The tiles of a picture in the order of their index: along rows, the first row first.
fn tiles(picture: Dimensions) -> impl Iterator<Item = Rect> {
    let all = Rect::whole(picture);
    let rows = (0..picture.height).step_by(TILE as usize);
    rows.flat_map(move |y| {
        let tile = move |x| Rect::new(x, y, TILE, TILE).intersection(all);
        (0..picture.width).step_by(TILE as usize).filter_map(tile)
    })
}

/// The samples of a part of a picture, one component after the other. The rows of the picture have `row_samples` each.
pub(super) fn planes<S: Copy>(pixels: &[S], row_samples: usize, channels: Channels, part: Rect) -> Vec<S> {
    let count = channels.count();
    let mut samples = Vec::with_capacity(part.dimensions().area() as usize * count);
    for channel in 0..count {
        for y in part.y..part.bottom() {
            let start = y as usize * row_samples + part.x as usize * count;
            let row = &pixels[start..start + part.width as usize * count];
            samples.extend(row.iter().skip(channel).step_by(count));
        }
    }
    samples
}

/// What OpenJPEG writes: a file in memory, with a place in it.
#[derive(Default)]
pub(super) struct Output {
    pub(super) file: Vec<u8>,
    place: usize,
}

impl Output {
    /// The bytes that follow in the file; there are zeros as far as nothing was written yet.
    fn next(&mut self, length: usize) -> &mut [u8] {
        let start = self.place;
        self.place += length;
        if self.file.len() < self.place {
            self.file.resize(self.place, 0);
        }
        &mut self.file[start..self.place]
    }
}

/// A stream that writes into `output`, which it borrows for as long as the caller keeps it.
pub(super) fn stream(output: &mut Output) -> Result<Owned<opj::opj_stream_t>, &'static str> {
    // SAFETY: takes a flag (not an input), gives a new stream or null.
    let stream =
        unsafe { Owned::new(opj::opj_stream_default_create(0), opj::opj_stream_destroy, "open a stream") }?;
    // SAFETY: the stream is alive. The callbacks get `output` as they expect it: the caller keeps it in
    // place, and does not touch it, until the stream is gone.
    unsafe {
        opj::opj_stream_set_write_function(stream.pointer, Some(write));
        opj::opj_stream_set_skip_function(stream.pointer, Some(skip));
        opj::opj_stream_set_seek_function(stream.pointer, Some(seek));
        opj::opj_stream_set_user_data(stream.pointer, ptr::from_mut(output).cast(), None);
    }
    Ok(stream)
}

/// # Safety
/// `bytes` points to `length` bytes, `output` to an [`Output`] that nobody else uses during the call.
unsafe extern "C" fn write(bytes: *mut c_void, length: usize, output: *mut c_void) -> usize {
    // SAFETY: as promised by the caller.
    let (bytes, output) =
        unsafe { (slice::from_raw_parts(bytes.cast::<u8>(), length), &mut *output.cast::<Output>()) };
    output.next(length).copy_from_slice(bytes);
    length
}

/// # Safety
/// `output` points to an [`Output`] that nobody else uses during the call.
unsafe extern "C" fn skip(length: i64, output: *mut c_void) -> i64 {
    // SAFETY: as promised by the caller.
    let output = unsafe { &mut *output.cast::<Output>() };
    match usize::try_from(length) {
        Ok(forward) => {
            output.next(forward);
            length
        }
        Err(_) => -1,
    }
}

/// # Safety
/// `output` points to an [`Output`] that nobody else uses during the call.
unsafe extern "C" fn seek(place: i64, output: *mut c_void) -> i32 {
    // SAFETY: as promised by the caller.
    let output = unsafe { &mut *output.cast::<Output>() };
    match usize::try_from(place) {
        Ok(place) if place <= output.file.len() => {
            output.place = place;
            1
        }
        _ => 0,
    }
}
