//! The pixels of a window: which pieces hold it, each decoded once, its part copied to its place.
//! Pure on the bytes of the file. Compressed bytes are copied before a decoder written in C sees them: the file may
//! change under its map.

use std::borrow::Cow;
use std::ops::Range;

use super::colour::{convert_row, spread_units};
use super::compression::Decompressor;
use super::image::Image;
use super::pixel::PixelFormat;
use super::stream::Stream;
use super::values::{Compression, Photometric};
use super::{blank, codestream, deep_jpeg, far, jpeg, old_jpeg, predictor, samples};
use crate::error::MasterError;
use crate::ifd::File;
use crate::memory::room;
use crate::picture::{Dimensions, Rect};
use crate::raster::{Raster, Sample};
use crate::watch::Watch;

/// Bytes of each of its buffers that it keeps: more than a tile takes.
const KEPT_BYTES: usize = 1 << 20;

/// Decodes windows; reuses its buffers, and the piece that it decoded last.
#[derive(Default)]
pub struct WindowDecoder {
    decompressor: Decompressor,
    compressed: Vec<u8>,
    stream: Vec<u8>,
    plane: Vec<u8>,
    piece: Vec<u8>,
    row: Vec<u8>,
    /// Where the strips of tall ones are, one for each plane.
    streams: Vec<Stream>,
    /// The number of `piece` in its image, if all of its rows are decoded: bands of a picture in few strips share it.
    /// Not where its bytes lie: planes may share some of them with another piece, and not all.
    holds: Option<u64>,
    /// Whether the rows of `piece` are plain, or as the predictor left them, to be undone only where they are used.
    plain: bool,
    /// Decodes the mask of an image that has one.
    mask: Option<Box<WindowDecoder>>,
}

/// What to decode of a piece.
#[derive(Clone, Copy)]
struct PieceRequest {
    /// Its number in the image, or in the first plane of it.
    index: u64,
    /// Its row in the grid.
    row: u32,
    /// The first of its rows that is held: the top one, unless it is decoded by a stream.
    first: u32,
    /// The row behind the last of them.
    rows: u32,
    /// Whether these are all that are in the image.
    all: bool,
}

impl PieceRequest {
    /// The pixels of it that are in the image. Planes have the same grid.
    fn in_image(self, image: &Image) -> Dimensions {
        let column = (self.index % u64::from(image.grid().width)) as u32;
        image.piece_rect(column, self.row).dimensions()
    }
}

impl WindowDecoder {
    /// Forgets the last piece, since the next window may be of another image; frees buffers that are large.
    pub fn forget(&mut self) {
        self.holds = None;
        self.mask = None;
        self.streams.clear();
        let buffers =
            [&mut self.compressed, &mut self.stream, &mut self.plane, &mut self.piece, &mut self.row];
        for buffer in buffers.into_iter().filter(|buffer| buffer.capacity() > KEPT_BYTES) {
            *buffer = Vec::new();
        }
    }

    /// The pixels of `window`, which must be inside the image. The bytes of its pieces ([`ranges`]) were announced.
    ///
    /// # Errors
    /// [`MasterError`] if a piece that the window touches is damaged, or of a kind that Recto does not read.
    pub fn decode<S: Sample>(
        &mut self,
        file: &File,
        image: &Image,
        window: Rect,
    ) -> Result<Raster<S>, MasterError> {
        let colours = self.decode_colours(file, image, window)?;
        let Some(mask) = &image.mask else { return Ok(colours) };
        let alpha = self.mask.get_or_insert_default().decode_colours(file, mask, window)?;
        Ok(colours.with_alpha(&alpha))
    }

    /// The same without the mask that the image may have.
    fn decode_colours<S: Sample>(
        &mut self,
        file: &File,
        image: &Image,
        window: Rect,
    ) -> Result<Raster<S>, MasterError> {
        room(image.held_bytes(window))?;
        let mut raster = Raster::new(window.dimensions(), image.colours());
        let (pixel, mut scratch) = (decoded_format(image), Vec::new());
        let row_bytes = decoded_row_bytes(image, &pixel);
        for (column, row) in pieces(image, window) {
            let at = image.piece_rect(column, row);
            let Some(part) = at.intersection(window) else { continue };
            let index = u64::from(row) * u64::from(image.grid().width) + u64::from(column);
            // Bands end between pieces, unless these are as wide as the window.
            let is_streamed = Stream::suits(image);
            let first = if is_streamed { part.y - at.y } else { 0 };
            let whole = part.width == window.width && !is_streamed;
            let rows = if whole { at.height } else { part.bottom() - at.y };
            let all = rows == at.height && !is_streamed;
            file.check()?;
            self.decode_piece(file, image, PieceRequest { index, row, first, rows, all })?;
            let (skip, end) = ((part.x - at.x) as usize, (part.right() - at.x) as usize);
            for y in part.y..part.bottom() {
                let stored = &self.piece[(y - at.y - first) as usize * row_bytes..][..row_bytes];
                let plain = match self.plain {
                    true => stored,
                    false => predictor::undone(stored, end, image, &mut self.row)?,
                };
                let out = raster.row_mut(y - window.y, part.x - window.x, part.width);
                convert_row(plain, skip, &pixel, image.colours(), &mut scratch, out);
            }
        }
        Ok(raster)
    }

    /// Leaves the samples of a piece in `self.piece`, interleaved; as the predictor left them or little-endian.
    fn decode_piece(&mut self, file: &File, image: &Image, request: PieceRequest) -> Result<(), MasterError> {
        if self.holds == Some(request.index) {
            return Ok(());
        }
        self.holds = None;
        self.plain = !is_left_predicted(image);
        if image.planar {
            self.decode_planes(file, image, request)?;
        } else {
            self.decode_plane(file, image, request)?;
            std::mem::swap(&mut self.plane, &mut self.piece);
        }
        self.holds = request.all.then_some(request.index);
        Ok(())
    }

    /// Brings together the pieces of each sample (PlanarConfiguration 2).
    fn decode_planes(
        &mut self,
        file: &File,
        image: &Image,
        request: PieceRequest,
    ) -> Result<(), MasterError> {
        let count = usize::from(image.pixel.samples);
        let size = sample_bytes(&image.pixel);
        let rows = if Stream::suits(image) { request.rows - request.first } else { image.piece.height };
        let pixels = image.piece.width as usize * rows as usize;
        let mut piece = std::mem::take(&mut self.piece);
        piece.clear();
        piece.resize(pixels * count * size, 0);
        for sample in 0..count {
            let index = request.index + sample as u64 * image.pieces_per_plane();
            file.check()?;
            self.decode_plane(file, image, PieceRequest { index, ..request })?;
            self.widen_plane(image);
            let places = piece.chunks_exact_mut(size).skip(sample).step_by(count);
            for (place, stored) in places.zip(self.plane.chunks_exact(size)) {
                place.copy_from_slice(stored);
            }
        }
        self.piece = piece;
        Ok(())
    }

    /// Makes whole bytes of a plane whose samples are packed bits.
    fn widen_plane(&mut self, image: &Image) {
        if image.pixel.bits.is_multiple_of(8) {
            return;
        }
        let width = image.piece.width as usize;
        let rows = self.plane.chunks_exact(image.row_bytes() as usize);
        self.plane = rows.flat_map(|row| samples::widened(row, &image.pixel, width)).collect();
    }

    /// Leaves the samples of one compressed piece in `self.plane`.
    fn decode_plane(&mut self, file: &File, image: &Image, request: PieceRequest) -> Result<(), MasterError> {
        let is_streamed = Stream::suits(image);
        let Some((offset, length)) = image.piece_range(file, request.index)? else {
            let rows = if is_streamed { request.rows - request.first } else { image.piece.height };
            blank::fill(image, rows, &mut self.plane);
            self.plain = true;
            return Ok(());
        };
        if is_streamed {
            return self.decode_rows(image, file.slice(offset, length)?, request, &file.watch());
        }
        self.compressed.clear();
        self.compressed.extend_from_slice(file.slice(offset, length)?);
        // A JPEG stream has an order of its own, whatever FillOrder says (libtiff reads it so).
        let has_order =
            matches!(image.compression, Compression::OldJpeg | Compression::Jpeg | Compression::Jpeg2000(_));
        if image.reversed_bits && !has_order {
            self.compressed.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        }
        match image.compression {
            Compression::Jpeg => self.decode_jpeg(file, image, request),
            Compression::OldJpeg => {
                let size = Dimensions::new(image.piece.width, image.stored_rows(request.row));
                self.compressed = old_jpeg::assemble(file, image, &self.compressed, size)?;
                self.decode_jpeg(file, image, request)
            }
            Compression::Jpeg2000(_) => self.decode_codestream(file, image, request),
            Compression::WebP => self.decode_webp(image, request.row),
            _ => self.decode_packed(file, image, request.rows),
        }
    }

    /// Leaves rows of a strip in `self.plane`, from where the last window ended or from the top.
    fn decode_rows(
        &mut self,
        image: &Image,
        compressed: &[u8],
        request: PieceRequest,
        watch: &Watch,
    ) -> Result<(), MasterError> {
        let place = |index: u64| index % image.pieces_per_plane();
        self.streams.retain(|stream| place(stream.index) == place(request.index));
        let open = |stream: &Stream| stream.index == request.index && stream.is_above(request.first);
        let mut stream = match self.streams.iter().position(open) {
            Some(at) => self.streams.swap_remove(at),
            None => Stream::open(image, request.index, compressed)?,
        };
        self.streams.retain(|stream| stream.index != request.index);
        // One that fails is not there for the next window.
        stream.rows(image, compressed, request.first..request.rows, &mut self.plane, watch)?;
        self.streams.push(stream);
        if !is_left_predicted(image) {
            predictor::undo(&mut self.plane, image)?;
        }
        Ok(())
    }

    fn decode_jpeg(&mut self, file: &File, image: &Image, request: PieceRequest) -> Result<(), MasterError> {
        let tables =
            image.jpeg_tables.map_or(Ok(&[][..]), |(offset, length)| file.read(offset, length))?.to_vec();
        // A separate plane is a gray picture, whatever its colour.
        let (photometric, count) = match image.planar {
            true => (Photometric::BlackIsZero, 1),
            false => (image.pixel.photometric, image.pixel.samples),
        };
        jpeg::assemble(&tables, &self.compressed, photometric, &mut self.stream)?;
        let needed = request.in_image(image);
        if image.pixel.bits > 8 {
            let (stream, pixel, plane) = (&self.stream, &image.pixel, &mut self.plane);
            return deep_jpeg::decode(stream, pixel, count, image.piece, needed, plane, &file.watch());
        }
        jpeg::decode(&self.stream, image.piece, needed, count, &mut self.plane, &file.watch())
    }

    fn decode_codestream(
        &mut self,
        file: &File,
        image: &Image,
        request: PieceRequest,
    ) -> Result<(), MasterError> {
        let count = if image.planar { 1 } else { image.pixel.samples };
        let (compressed, plane, needed) = (&self.compressed, &mut self.plane, request.in_image(image));
        codestream::decode(compressed, &image.pixel, count, image.piece, needed, plane, &file.watch())
    }

    fn decode_webp(&mut self, image: &Image, row: u32) -> Result<(), MasterError> {
        let corrupt = || MasterError::damaged("WebP data is corrupt");
        let features = webp::BitstreamFeatures::new(&self.compressed).ok_or_else(corrupt)?;
        let size = Dimensions::new(features.width(), features.height());
        if size.width != image.piece.width
            || !(image.stored_rows(row)..=image.piece.height).contains(&size.height)
        {
            return Err(MasterError::damaged(format!(
                "a WebP of {size} pixels in a tile or strip of {}",
                image.piece
            )));
        }
        let decoded = webp::Decoder::new(&self.compressed).decode().ok_or_else(corrupt)?;
        let (have, want) = (if decoded.is_alpha() { 4 } else { 3 }, usize::from(image.pixel.samples));
        if have == want {
            self.plane.clear();
            self.plane.extend_from_slice(&decoded);
            return Ok(());
        }
        // libwebp leaves out an alpha channel that is opaque everywhere.
        if (have, want) != (3, 4) {
            return Err(MasterError::damaged(format!("WebP of {have} samples where {want} are expected")));
        }
        self.plane.clear();
        self.plane.extend(decoded.chunks_exact(3).flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255]));
        Ok(())
    }

    fn decode_packed(&mut self, file: &File, image: &Image, rows: u32) -> Result<(), MasterError> {
        let (size, needed) = (image.packed_bytes(image.piece.height), image.packed_bytes(rows));
        // The samples of the last piece are overwritten, down to the last row that is requested.
        self.plane.resize(size, 0);
        self.decompressor.decode(
            image.compression,
            &self.compressed,
            image.piece.width,
            &mut self.plane,
            needed,
            &file.watch(),
        )?;
        if !is_left_predicted(image) {
            predictor::undo(&mut self.plane, image)?;
        }
        if image.pixel.is_subsampled() {
            self.spread_chroma(image);
        }
        Ok(())
    }

    fn spread_chroma(&mut self, image: &Image) {
        let (width, units) = (image.piece.width as usize, image.unit_row_bytes());
        let mut pixels = Vec::with_capacity(width * image.piece.height as usize * 3);
        for row in self.plane.chunks_exact(units) {
            spread_units(row, &image.pixel, width, &mut self.row);
            pixels.extend_from_slice(&self.row);
        }
        self.plane = pixels;
    }
}

/// Where the compressed bytes of every piece lie that `window` touches: what to announce before it is decoded.
///
/// # Errors
/// [`MasterError::Damaged`] if the file does not say.
pub fn ranges(file: &File, image: &Image, window: Rect) -> Result<Vec<Range<u64>>, MasterError> {
    let planes = if image.planar { u64::from(image.pixel.samples) } else { 1 };
    let mut ranges = Vec::new();
    file.announce_far(|| {
        let (columns, rows) = image.touched(window);
        far::places(image, columns, rows)
    })?;
    for (column, row) in pieces(image, window) {
        let index = u64::from(row) * u64::from(image.grid().width) + u64::from(column);
        for plane in 0..planes {
            let range = image.piece_range(file, index + plane * image.pieces_per_plane())?;
            ranges.extend(range.map(|(offset, length)| offset..offset.saturating_add(length)));
        }
    }
    if let Some(mask) = &image.mask {
        ranges.extend(self::ranges(file, mask, window)?);
    }
    Ok(ranges)
}

/// Columns and rows of the pieces that `window` touches.
fn pieces(image: &Image, window: Rect) -> impl Iterator<Item = (u32, u32)> + use<> {
    let (columns, rows) = image.touched(window);
    rows.flat_map(move |row| columns.clone().map(move |column| (column, row)))
}

/// Whether the rows of decoded pieces are as the predictor left them, so that it is undone only where they are used.
/// Planes are brought together after it.
fn is_left_predicted(image: &Image) -> bool {
    !image.planar && !image.compression.is_of_pictures()
}

/// The format of samples as they are in a decoded piece: JPEG and WebP have turned YCbCr into RGB, and planes of
/// packed bits have become bytes of the same numbers.
fn decoded_format(image: &Image) -> Cow<'_, PixelFormat> {
    let mut pixel = Cow::Borrowed(&image.pixel);
    if image.compression.is_of_pictures() && !image.planar && pixel.photometric == Photometric::YCbCr {
        pixel.to_mut().photometric = Photometric::Rgb;
    }
    if image.planar && !pixel.bits.is_multiple_of(8) {
        let pixel = pixel.to_mut();
        if pixel.photometric != Photometric::Palette {
            pixel.range = pixel.range.or(Some(samples::default_range(pixel)));
        }
        pixel.bits = pixel.bits.next_multiple_of(8);
    }
    pixel
}

/// Bytes of one row of a decoded piece.
fn decoded_row_bytes(image: &Image, decoded: &PixelFormat) -> usize {
    (image.piece.width as usize * usize::from(decoded.samples) * usize::from(decoded.bits)).div_ceil(8)
}

fn sample_bytes(pixel: &PixelFormat) -> usize {
    usize::from(pixel.bits.div_ceil(8))
}
