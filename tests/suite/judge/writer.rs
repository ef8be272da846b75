//! A TIFF writer that knows nothing and checks nothing: for the kinds that no tool writes, and for lies.

/// What stands in one directory.
#[derive(Clone, Default)]
pub struct Tiff {
    pub big_endian: bool,
    pub big_tiff: bool,
    /// Tag and values; a value above 65535 makes all of them LONG.
    pub tags: Vec<(u16, Vec<u64>)>,
    /// Tag, type and values as bytes, in the order of the file.
    pub raw: Vec<(u16, u16, Vec<u8>)>,
    /// The stored bytes of each tile or strip; an empty one is left out of the file (offset and length 0).
    pub pieces: Vec<Vec<u8>>,
}

impl Tiff {
    /// An uncompressed image without pieces.
    pub fn new(width: u32, height: u32, photometric: u16, samples: u16, bits: u16) -> Self {
        let tags = vec![
            (256, vec![width.into()]),
            (257, vec![height.into()]),
            (258, vec![bits.into(); samples.into()]),
            (259, vec![1]),
            (262, vec![photometric.into()]),
            (277, vec![samples.into()]),
        ];
        Self { tags, ..Self::default() }
    }

    /// With this tag as well, or with this value for it.
    pub fn with(mut self, tag: u16, values: &[u64]) -> Self {
        self.tags.retain(|(have, _)| *have != tag);
        self.tags.push((tag, values.to_vec()));
        self
    }

    /// With this tag as well, of a type that has one byte a value.
    pub fn with_raw(mut self, tag: u16, kind: u16, bytes: &[u8]) -> Self {
        self.raw.push((tag, kind, bytes.to_vec()));
        self
    }

    /// With these pieces, stored as tiles.
    pub fn tiles(self, width: u32, height: u32, pieces: Vec<Vec<u8>>) -> Self {
        Self { pieces, ..self.with(322, &[width.into()]).with(323, &[height.into()]) }
    }

    /// With these pieces, stored as strips.
    pub fn strips(self, rows: u32, pieces: Vec<Vec<u8>>) -> Self {
        Self { pieces, ..self.with(278, &[rows.into()]) }
    }

    /// The file. Offsets and byte counts are added unless `with` has set (false) ones.
    pub fn bytes(&self) -> Vec<u8> {
        chain(std::slice::from_ref(self))
    }

    fn header(&self) -> Vec<u8> {
        match (self.big_endian, self.big_tiff) {
            (false, false) => b"II*\0\0\0\0\0".to_vec(),
            (true, false) => b"MM\0*\0\0\0\0".to_vec(),
            (false, true) => b"II+\0\x08\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
            (true, true) => b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\0".to_vec(),
        }
    }

    /// Adds the pieces and the directory, to which the link at `link` leads; the link that follows it ends the file.
    fn append(&self, file: &mut Vec<u8>, link: usize) {
        let mut offsets = Vec::new();
        for piece in &self.pieces {
            offsets.push(if piece.is_empty() { 0 } else { file.len() as u64 });
            file.extend(piece);
        }
        let lengths = self.pieces.iter().map(|piece| piece.len() as u64).collect();
        let tiled = self.tags.iter().any(|(tag, _)| *tag == 322);
        let (offsets_tag, lengths_tag) = if tiled { (324, 325) } else { (273, 279) };
        let mut tags = self.tags.clone();
        for (tag, values) in [(offsets_tag, offsets), (lengths_tag, lengths)] {
            if !tags.iter().any(|(have, _)| *have == tag) {
                tags.push((tag, values));
            }
        }
        let mut fields: Vec<(u16, u64, usize, Vec<u8>)> = Vec::new();
        for (tag, values) in &tags {
            let wide = values.iter().any(|value| *value > 0xffff);
            let (kind, size) = match (wide, self.big_tiff) {
                (false, _) => (3, 2),
                (true, false) => (4, 4),
                (true, true) => (16, 8),
            };
            let stored = values.iter().flat_map(|value| self.number(*value, size)).collect();
            fields.push((*tag, kind, values.len(), stored));
        }
        fields.extend(self.raw.iter().map(|(tag, kind, raw)| (*tag, (*kind).into(), raw.len(), raw.clone())));
        fields.sort();
        let (width, count_width) = if self.big_tiff { (8, 8) } else { (4, 2) };
        let mut entries = Vec::new();
        for (tag, kind, count, mut stored) in fields.clone() {
            if stored.len() > width {
                let at = self.number(file.len() as u64, width);
                file.extend(std::mem::replace(&mut stored, at));
            }
            stored.resize(width, 0);
            entries.extend(self.number(tag.into(), 2));
            entries.extend(self.number(kind, 2));
            entries.extend(self.number(count as u64, width));
            entries.extend(stored);
        }
        let directory = self.number(file.len() as u64, width);
        file[link..link + width].copy_from_slice(&directory);
        file.extend(self.number(fields.len() as u64, count_width));
        file.extend(entries);
        file.extend(self.number(0, width));
    }

    fn number(&self, value: u64, size: usize) -> Vec<u8> {
        match self.big_endian {
            true => value.to_be_bytes()[8 - size..].to_vec(),
            false => value.to_le_bytes()[..size].to_vec(),
        }
    }
}

/// A file of several images, one after the other in the chain of directories.
pub fn chain(images: &[Tiff]) -> Vec<u8> {
    let mut file = images[0].header();
    let (mut link, width) = if images[0].big_tiff { (8, 8) } else { (4, 4) };
    for image in images {
        image.append(&mut file, link);
        link = file.len() - width;
    }
    file
}

/// Cuts rows of whole bytes per pixel into tiles, padded with zeros; strips are tiles of the full width, unpadded below.
pub fn cut(rows: &[u8], width: usize, pixel: usize, (across, down): (usize, usize)) -> Vec<Vec<u8>> {
    let height = rows.len() / (width * pixel);
    let is_strip = across == width;
    let mut pieces = Vec::new();
    for top in (0..height).step_by(down) {
        for left in (0..width).step_by(across) {
            let mut piece = Vec::new();
            for y in top..(top + down).min(height) {
                let from = (y * width + left) * pixel;
                piece.extend(&rows[from..from + across.min(width - left) * pixel]);
                piece.resize((y - top + 1) * across * pixel, 0);
            }
            if !is_strip {
                piece.resize(across * down * pixel, 0);
            }
            pieces.push(piece);
        }
    }
    pieces
}
