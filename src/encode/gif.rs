//! GIF of 256 colours: shades of gray and pictures of few colours as they are, others by NeuQuant's palette,
//! without dithering. Alpha becomes one bit: what is more transparent than not is left out, the rest on white paper.
//! A 256 tile / a picture of 1000x563: 7 / 26 ms, 50 / 257 KB; speed 1 takes 51 / 144 ms and looks no better.

use std::collections::HashMap;

use color_quant::NeuQuant;
use gif::{Encoder, EncodingError, Frame};
use weezl::{BitOrder, LzwStatus, encode::Encoder as Lzw};

use super::{Gif, failed};
use crate::error::{Error, Stopped};
use crate::raster::{Raster, flatten};
use crate::watch::Watch;

/// A palette is learnt from about that many pixels at most, spread over the picture.
const LEARNT_FROM: usize = 1 << 18;

/// Pixels that are indexed, or bytes of LZW, between two questions whether to go on: some milliseconds.
const AT_ONCE: usize = 1 << 17;

/// A palette of red, green, blue, and for each pixel its index.
struct Indexed {
    palette: Vec<u8>,
    pixels: Vec<u8>,
    transparent: Option<u8>,
}

pub(super) fn encode(raster: Raster, settings: &Gif, watch: &Watch) -> Result<Vec<u8>, Error> {
    let size = raster.dimensions;
    let [Ok(width), Ok(height)] = [size.width, size.height].map(u16::try_from) else {
        return Err(failed("GIF", format!("{size} pixels")));
    };
    let Indexed { palette, pixels, transparent } = index(raster, settings, watch)?;
    let buffer = compressed(&pixels, watch)?.into();
    let frame = Frame { width, height, buffer, transparent, ..Frame::default() };
    write(&frame, &palette).map_err(|error| failed("GIF", error))
}

fn write(frame: &Frame, palette: &[u8]) -> Result<Vec<u8>, EncodingError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, frame.width, frame.height, palette)?;
    encoder.write_lzw_pre_encoded_frame(frame)?;
    drop(encoder); // writes the end
    Ok(file)
}

/// The indexes as a frame holds them: the bits of the largest, two at least, and LZW.
fn compressed(pixels: &[u8], watch: &Watch) -> Result<Vec<u8>, Error> {
    let largest = pixels.iter().copied().max().unwrap_or(0);
    let bits = (u8::BITS - largest.leading_zeros()).max(2) as u8;
    let (mut data, mut room) = (vec![bits], vec![0; AT_ONCE]);
    let (mut lzw, mut rest) = (Lzw::new(BitOrder::Lsb, bits), pixels);
    lzw.finish();
    loop {
        watch.check()?;
        let step = lzw.encode_bytes(rest, &mut room);
        data.extend_from_slice(&room[..step.consumed_out]);
        rest = &rest[step.consumed_in..];
        if matches!(step.status.map_err(|error| failed("GIF", error))?, LzwStatus::Done) {
            return Ok(data);
        }
    }
}

fn index(raster: Raster, settings: &Gif, watch: &Watch) -> Result<Indexed, Stopped> {
    let clear = clear_pixels(&raster);
    let raster = flatten(raster, [255; 3]);
    let mut indexed = match raster.channels.has_colour() {
        false => grays(raster.pixels),
        true => match few_colours(&raster.pixels, watch)? {
            Some(indexed) => indexed,
            None => learnt(&raster.pixels, settings.speed, watch)?,
        },
    };
    if clear.contains(&true) {
        // The first entry of the palette is reserved for them: the colour there moves to the next.
        let marked = indexed.pixels.iter_mut().zip(clear);
        marked.for_each(|(pixel, clear)| *pixel = if clear { 0 } else { (*pixel).max(1) });
        indexed.transparent = Some(0);
    }
    Ok(indexed)
}

/// For each pixel whether it is more transparent than not; nothing without alpha.
fn clear_pixels(raster: &Raster) -> Vec<bool> {
    match raster.channels.has_alpha() {
        true => raster.pixels.chunks_exact(raster.channels.count()).map(|p| p[p.len() - 1] < 128).collect(),
        false => Vec::new(),
    }
}

/// Shades of gray are their own indexes.
fn grays(pixels: Vec<u8>) -> Indexed {
    Indexed { palette: (0..=255).flat_map(|v| [v; 3]).collect(), pixels, transparent: None }
}

/// The exact palette of up to 255 colours.
fn few_colours(pixels: &[u8], watch: &Watch) -> Result<Option<Indexed>, Stopped> {
    let (mut places, mut palette) = (HashMap::new(), vec![0; 3]);
    let mut indexes = Vec::with_capacity(pixels.len() / 3);
    for part in pixels.as_chunks::<3>().0.chunks(AT_ONCE) {
        watch.check()?;
        for colour in part {
            let place = *places.entry(*colour).or_insert_with(|| {
                palette.extend(colour);
                palette.len() / 3 - 1
            });
            let Ok(place) = u8::try_from(place) else { return Ok(None) };
            indexes.push(place);
        }
    }
    Ok(Some(Indexed { palette, pixels: indexes, transparent: None }))
}

/// A palette learnt from the picture. Colours that share their upper six bits share an index, so that a large picture
/// costs no more searches than it has colours.
fn learnt(pixels: &[u8], speed: u8, watch: &Watch) -> Result<Indexed, Stopped> {
    let pixels = pixels.as_chunks::<3>().0;
    let sample = pixels.iter().step_by(pixels.len().div_ceil(LEARNT_FROM));
    let sample: Vec<u8> = sample.flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
    // A small picture has few pixels to learn from: then all of them are used.
    let speed = i32::from(speed).min(1.max((pixels.len() / 4096) as i32));
    let network = NeuQuant::new(speed, 255, &sample);
    let mut places = vec![0u8; 1 << 18];
    let mut place = |&[r, g, b]: &[u8; 3]| {
        let key = [r, g, b].iter().fold(0, |key, &v| key << 6 | usize::from(v >> 2));
        if places[key] == 0 {
            let middle = [r, g, b].map(|v| v & !3 | 2);
            places[key] = network.index_of(&[middle[0], middle[1], middle[2], 255]) as u8 + 1;
        }
        places[key]
    };
    let mut indexes = Vec::with_capacity(pixels.len());
    for part in pixels.chunks(AT_ONCE) {
        watch.check()?;
        indexes.extend(part.iter().map(&mut place));
    }
    let palette = [vec![0; 3], network.color_map_rgb()].concat();
    Ok(Indexed { palette, pixels: indexes, transparent: None })
}
