//! OpenJPEG's decoder: an area of a codestream in, planes of samples out.
//! It reads through callbacks that copy, so that it never sees bytes of a map, which may change. Its assertions stay
//! on: where a header gets past the checks here and past its own, an abort costs a worker, wrong memory more.

use std::ffi::{CStr, c_char, c_void};
use std::mem::MaybeUninit;
use std::{ptr, slice};

use openjpeg_sys as opj;

use super::{Owned, done, limits};
use crate::error::MasterError;
use crate::watch::Watch;
use recto_jp2::{Component, Header, Plane, Rect};

/// Bytes of OpenJPEG's messages that are kept: the first says most.
const KEPT_MESSAGES: usize = 400;

/// Bytes that OpenJPEG reads at once where it needs fewer: a page. It passes from tile-part to tile-part until it has
/// found the tiles of its area, and would touch a megabyte of each with the size that it takes itself.
const BUFFER: usize = 4096;

/// All components of an area of the reference grid, which lies in the image, with `reduction` highest resolutions left
/// out: each as the rectangle of its own grid that [`Component::reduced`] gives.
///
/// # Errors
/// [`MasterError`] if the codestream is damaged where the area needs it, is not the one that the header is of, or would
/// take too much memory.
pub(crate) fn decode(
    codestream: &[u8],
    header: &Header,
    reduction: u8,
    area: Rect,
) -> Result<Vec<Plane>, MasterError> {
    decode_part(codestream, header, reduction, (area, area), &Watch::unlimited())
}

/// The same from tiles that are decoded whole. Of a part of a tile OpenJPEG decodes T.814 to zeros (its
/// `opj_t1_ht_decode_cblk` leaves them elsewhere), and the 9/7 wavelet to last columns that may be a level off.
///
/// # Errors
/// Those of [`decode`]; any, if `watch` ends the work, which is asked before each tile is read.
pub(crate) fn decode_tiles(
    codestream: &[u8],
    header: &Header,
    reduction: u8,
    area: Rect,
    watch: &Watch,
) -> Result<Vec<Plane>, MasterError> {
    decode_part(codestream, header, reduction, (whole_tiles(header, area), area), watch)
}

/// The part `area` of what is decoded: `whole`.
fn decode_part(
    codestream: &[u8],
    header: &Header,
    reduction: u8,
    (whole, area): (Rect, Rect),
    watch: &Watch,
) -> Result<Vec<Plane>, MasterError> {
    limits::check(codestream, header, reduction, whole)?;
    let mut source = Source { bytes: codestream, place: 0, watch };
    let mut messages = Messages::default();
    let planes = decode_area(&mut source, &mut messages, header, reduction, whole, area);
    planes.map_err(|step| {
        let said = String::from_utf8_lossy(&messages.0);
        MasterError::damaged(format!("JPEG 2000: OpenJPEG failed to {step}: {}", said.trim_end()))
    })
}

fn decode_area(
    source: &mut Source,
    messages: &mut Messages,
    header: &Header,
    reduction: u8,
    whole: Rect,
    area: Rect,
) -> Result<Vec<Plane>, &'static str> {
    let stream = stream(source)?;
    let codec = codec(messages, reduction)?;
    let mut image = ptr::null_mut();
    // SAFETY: codec and stream are alive; gives a new image, or leaves null.
    let read = unsafe { opj::opj_read_header(stream.pointer, codec.pointer, &mut image) };
    // SAFETY: null or what was just made, which nobody else frees.
    let image = unsafe { Owned::new(image, opj::opj_image_destroy, "read the main header") }?;
    done(read, "read the main header")?;
    if !is_image_of(&image, header) {
        return Err("find the same header twice");
    }
    let [left, top, right, bottom] = [whole.x, whole.y, whole.right(), whole.bottom()].map(u32::cast_signed);
    // SAFETY: all are alive; numbers that make no sense are refused.
    let set = unsafe { opj::opj_set_decode_area(codec.pointer, image.pointer, left, top, right, bottom) };
    done(set, "take the area")?;
    // SAFETY: all three are alive, and the header has been read.
    done(unsafe { opj::opj_decode(codec.pointer, stream.pointer, image.pointer) }, "decode")?;
    let planes = header.components.iter().zip(components(&image));
    let rect = |area, component: &Component| component.reduced(area, reduction);
    planes
        .map(|(component, decoded)| plane(component, decoded, rect(whole, component), rect(area, component)))
        .collect()
}

/// The area of all tiles that hold a part of `area`.
fn whole_tiles(header: &Header, area: Rect) -> Rect {
    let rects = header.tiles_of(area).map(|number| header.tile_rect(number));
    let around = |all: Rect, tile: Rect| {
        Rect::new(all.x, all.y, tile.right().max(all.right()) - all.x, tile.bottom() - all.y)
    };
    // The first is the upper left one.
    rects.reduce(around).unwrap_or(area)
}

/// A decoder that adds its messages to `messages`, which the caller keeps in place until it is dropped.
fn codec(messages: &mut Messages, reduction: u8) -> Result<Owned<opj::opj_codec_t>, &'static str> {
    // SAFETY: takes a format, gives a new codec or null.
    let codec = unsafe {
        let codec = opj::opj_create_decompress(opj::OPJ_CODEC_FORMAT::OPJ_CODEC_J2K);
        Owned::new(codec, opj::opj_destroy_codec, "start")
    }?;
    let messages: *mut c_void = ptr::from_mut(messages).cast();
    let mut parameters = MaybeUninit::uninit();
    // SAFETY: fills the whole structure, of numbers only.
    let mut parameters: opj::opj_dparameters_t = unsafe {
        opj::opj_set_default_decoder_parameters(parameters.as_mut_ptr());
        parameters.assume_init()
    };
    parameters.cp_reduce = reduction.into();
    // SAFETY: the codec is alive, and the callback gets `messages` as it expects them; parameters are copied.
    let set_up = unsafe {
        opj::opj_set_error_handler(codec.pointer, Some(keep), messages);
        opj::opj_setup_decoder(codec.pointer, &mut parameters)
    };
    done(set_up, "take its parameters")?;
    // Strict: what is not there is no picture.
    // SAFETY: the codec is alive.
    done(unsafe { opj::opj_decoder_set_strict_mode(codec.pointer, 1) }, "be strict")?;
    Ok(codec)
}

fn components(image: &Owned<opj::opj_image_t>) -> &[opj::opj_image_comp_t] {
    // SAFETY: not null; `comps` has `numcomps` elements, which live as long as the image.
    unsafe {
        let image = &*image.pointer;
        match image.comps.is_null() {
            true => &[],
            false => slice::from_raw_parts(image.comps, image.numcomps as usize),
        }
    }
}

/// Whether OpenJPEG read what we read: the file may have changed in between.
fn is_image_of(image: &Owned<opj::opj_image_t>, header: &Header) -> bool {
    let read = components(image).iter().map(|read| (read.prec, read.sgnd != 0, read.dx, read.dy));
    let expected = |of: &Component| (u32::from(of.precision), of.signed, of.dx, of.dy);
    // SAFETY: not null, and nobody else has it.
    let image = unsafe { &*image.pointer };
    let area = header.image;
    (image.x0, image.y0, image.x1, image.y1) == (area.x, area.y, area.right(), area.bottom())
        && read.eq(header.components.iter().map(expected))
}

/// The part of what was decoded as `whole` that is in `rect`.
fn plane(
    component: &Component,
    decoded: &opj::opj_image_comp_t,
    whole: Rect,
    rect: Rect,
) -> Result<Plane, &'static str> {
    if (decoded.w, decoded.h) != (whole.width, whole.height) || decoded.data.is_null() {
        return Err("decode all samples");
    }
    let count = decoded.w as usize * decoded.h as usize;
    // SAFETY: not null; `data` has as many samples as the component's size says.
    let samples = unsafe { slice::from_raw_parts(decoded.data, count) };
    let rows = samples.chunks_exact(decoded.w.max(1) as usize).skip((rect.y - whole.y) as usize);
    let left = (rect.x - whole.x) as usize;
    let mut samples = Vec::with_capacity(rect.dimensions().area() as usize);
    // Of at most 16 bits, and held to their range by OpenJPEG.
    let code = |sample: &i32| sample.wrapping_sub(component.least()) as u16;
    rows.take(rect.height as usize)
        .for_each(|row| samples.extend(row[left..left + rect.width as usize].iter().map(code)));
    Ok(Plane { rect, samples })
}

/// What OpenJPEG reads: a codestream, with a place in it.
struct Source<'a> {
    bytes: &'a [u8],
    place: usize,
    /// Nothing more is read once the work is to end.
    watch: &'a Watch,
}

/// The beginning of what OpenJPEG said.
#[derive(Default)]
struct Messages(Vec<u8>);

/// A stream that reads from `source`, which it borrows for as long as the caller keeps it.
fn stream(source: &mut Source) -> Result<Owned<opj::opj_stream_t>, &'static str> {
    // SAFETY: takes a size and a flag (an input), gives a new stream or null.
    let stream =
        unsafe { Owned::new(opj::opj_stream_create(BUFFER, 1), opj::opj_stream_destroy, "open a stream") }?;
    let length = source.bytes.len() as u64;
    // SAFETY: the stream is alive. The callbacks get `source` as they expect it: `decode` keeps it in place, and does not
    // touch it, until the stream is gone.
    unsafe {
        opj::opj_stream_set_read_function(stream.pointer, Some(read));
        opj::opj_stream_set_skip_function(stream.pointer, Some(skip));
        opj::opj_stream_set_seek_function(stream.pointer, Some(seek));
        opj::opj_stream_set_user_data(stream.pointer, ptr::from_mut(source).cast(), None);
        opj::opj_stream_set_user_data_length(stream.pointer, length);
    }
    Ok(stream)
}

/// Bytes that were copied, or `usize::MAX` (-1) at the end, be it that of the work.
///
/// # Safety
/// `bytes` has room for `length` bytes, `source` points to a [`Source`] that nobody else uses during the call.
unsafe extern "C" fn read(bytes: *mut c_void, length: usize, source: *mut c_void) -> usize {
    // SAFETY: as promised by the caller.
    let source = unsafe { &mut *source.cast::<Source>() };
    let rest = source.bytes.get(source.place..).unwrap_or_default();
    let count = rest.len().min(length);
    if count == 0 || !source.watch.goes_on() {
        return usize::MAX;
    }
    // SAFETY: `count` bytes are there on both sides, which are memory of different owners.
    unsafe { ptr::copy_nonoverlapping(rest.as_ptr(), bytes.cast::<u8>(), count) };
    source.place += count;
    count
}

/// Bytes that were skipped, or -1 at the end.
///
/// # Safety
/// `source` points to a [`Source`] that nobody else uses during the call.
unsafe extern "C" fn skip(length: i64, source: *mut c_void) -> i64 {
    // SAFETY: as promised by the caller.
    let source = unsafe { &mut *source.cast::<Source>() };
    let left = source.bytes.len().saturating_sub(source.place);
    match usize::try_from(length).map(|length| length.min(left)) {
        Ok(0) | Err(_) => -1,
        Ok(count) => {
            source.place += count;
            // Not more than `length`.
            count as i64
        }
    }
}

/// # Safety
/// `source` points to a [`Source`] that nobody else uses during the call.
unsafe extern "C" fn seek(place: i64, source: *mut c_void) -> i32 {
    // SAFETY: as promised by the caller.
    let source = unsafe { &mut *source.cast::<Source>() };
    match usize::try_from(place) {
        Ok(place) if place <= source.bytes.len() => {
            source.place = place;
            1
        }
        _ => 0,
    }
}

/// # Safety
/// `message` is a string that ends in a zero, `messages` points to [`Messages`] that nobody else uses during the call.
unsafe extern "C" fn keep(message: *const c_char, messages: *mut c_void) {
    // SAFETY: as promised by the caller.
    let (message, messages) = unsafe { (CStr::from_ptr(message), &mut *messages.cast::<Messages>()) };
    let room = KEPT_MESSAGES.saturating_sub(messages.0.len());
    let text = message.to_bytes().iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte });
    messages.0.extend(text.take(room));
}
