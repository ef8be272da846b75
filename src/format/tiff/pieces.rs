//! Where the bytes of tiles and strips lie, even if the file says it wrongly or not at all.
//! Pure; offsets and byte counts are read one by one. TIFF 6.0 sections 3 and 15; what libtiff and GDAL make of wrong
//! ones.

use super::image::Image;
use super::values::Compression;
use crate::error::MasterError;
use crate::ifd::{File, Ifd};

/// Where there are more pieces, wrong byte counts are not corrected: each correction reads all of them.
const MAX_LOOKED_AT: u64 = 1 << 14;

/// Byte counts that are read to see whether any is stated.
const MAX_COUNTS: u64 = 1 << 12;

impl Image {
    /// Where the compressed bytes of a piece lie: offset and length; `None` if it was never written (GDAL calls that
    /// sparse), which a byte count of 0 says. Where the byte count is missing or cannot be true, all up to what the file
    /// has next may belong to the piece.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if the file does not say where the piece is, or it is not in the file.
    pub fn piece_range(&self, file: &File, index: u64) -> Result<Option<(u64, u64)>, MasterError> {
        if let Some(stream) = self.old_jpeg.and_then(|old| old.whole()) {
            return Ok(Some(stream));
        }
        let offset = self.offsets.integer(file, index)?;
        let stated = self.byte_counts.map(|counts| counts.integer(file, index)).transpose()?;
        match (offset, stated) {
            (0, Some(0)) => Ok(None),
            (0, _) => {
                Err(MasterError::damaged(format!("tile or strip {index} has bytes, but its offset is 0")))
            }
            (_, Some(0)) if self.states_counts(file) => Ok(None),
            (_, Some(length)) if self.is_credible(file, index, offset, length) => Ok(Some((offset, length))),
            _ => self.derived(file, index, offset, stated).map(|length| Some((offset, length))),
        }
    }

    /// Whether a byte count can be true: there are bytes, all are in the file, and they are enough where that is known
    /// beforehand.
    fn is_credible(&self, file: &File, index: u64, offset: u64, length: u64) -> bool {
        length > 0
            && offset.checked_add(length).is_some_and(|end| end <= file.length())
            && (self.compression != Compression::None || length >= self.plain_bytes(index))
    }

    /// Bytes of `rows` rows of a piece before chroma is spread.
    pub fn packed_bytes(&self, rows: u32) -> usize {
        match self.pixel.is_subsampled() {
            true => self.unit_row_bytes() * (rows as usize).div_ceil(self.pixel.subsampling.1.into()),
            false => self.row_bytes() as usize * rows as usize,
        }
    }

    /// Bytes of one row of units of subsampled YCbCr.
    pub fn unit_row_bytes(&self) -> usize {
        let (across, down) = (usize::from(self.pixel.subsampling.0), usize::from(self.pixel.subsampling.1));
        (self.piece.width as usize).div_ceil(across) * (across * down + 2)
    }

    /// Bytes of the piece if it is not compressed.
    fn plain_bytes(&self, index: u64) -> u64 {
        let row = index % self.pieces_per_plane() / u64::from(self.grid().width);
        // Rows of grids have 32 bits, as pixels have.
        self.packed_bytes(self.stored_rows(row as u32)) as u64
    }

    /// Whether any byte count is more than 0: then 0 means that nothing was written, not that the count was unknown.
    fn states_counts(&self, file: &File) -> bool {
        self.byte_counts.is_some_and(|counts| {
            let looked_at = counts.count().min(MAX_COUNTS);
            (0..looked_at).any(|index| counts.integer(file, index).is_ok_and(|count| count > 0))
        })
    }

    /// The length of a piece, by what comes after it in the file.
    fn derived(&self, file: &File, index: u64, offset: u64, stated: Option<u64>) -> Result<u64, MasterError> {
        let plain = (self.compression == Compression::None).then(|| self.plain_bytes(index));
        match (plain, stated) {
            // TIFF 4 had no byte counts: what is not compressed has the length of its samples.
            (Some(plain), None) => Ok(plain),
            (Some(plain), Some(stated)) => {
                let room = self.room(file, offset).map(|room| room.min(plain));
                // Too few bytes may be enough for the rows that are requested.
                let is_there = stated <= file.length().saturating_sub(offset);
                if is_there { Ok(room.map_or(stated, |room| room.max(stated))) } else { room }
            }
            (None, _) => self.room(file, offset),
        }
    }

    /// How many bytes there are from `offset` to the next piece, to anything of the directory, or to the end.
    fn room(&self, file: &File, offset: u64) -> Result<u64, MasterError> {
        let wrong = |what| MasterError::damaged(format!("a tile or strip at offset {offset} {what}"));
        if self.offsets.count() > MAX_LOOKED_AT {
            return Err(wrong("has a wrong byte count"));
        }
        let ifd = file.ifd(self.directory)?;
        let pieces = (0..self.offsets.count()).filter_map(|index| self.offsets.integer(file, index).ok());
        let end = pieces.chain(places(&ifd)).chain([file.length()]).filter(|place| *place > offset).min();
        match end {
            Some(end) if end <= file.length() => Ok(end - offset),
            _ => Err(wrong("is outside the file")),
        }
    }
}

/// Where a directory, its values and the next directory begin.
fn places(ifd: &Ifd) -> impl Iterator<Item = u64> {
    ifd.entries().iter().map(|entry| entry.range().0).chain([ifd.offset, ifd.next])
}
