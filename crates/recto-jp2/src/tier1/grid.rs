//! Bitmaps of a code-block in the order of its scan: a word holds 8 columns of a stripe with all that surrounds them.

/// One bit for each sample. Stripes follow each other from the second on; around them there is nothing.
///
/// A word has ten columns of six bits: the 8 columns of its own (1 to 8), and in each its four rows (bits 1 to 4). The
/// rest is where the samples around them are put while the word is worked on; in a map it is zero.
pub(super) type Map = [u64; 512];

/// Bits before the first sample of its own. Samples are numbered from there: a word shifted by the number of a sample has
/// the 3x3 around that one in its lowest columns.
pub(super) const MARGIN: u32 = 7;
/// Bit 0 of each column.
const COLUMNS: u64 = 0o01_01_01_01_01_01_01_01_01_01;
/// All samples that a word can have of its own.
const OWN: u64 = 0o36_36_36_36_36_36_36_36 << 6;
/// The first samples of columns.
pub(super) const FIRST: u64 = COLUMNS << 1;
const FIRST_COLUMN: u64 = 0o77;
const LAST_COLUMN: u64 = 0o77 << 54;

/// How a code-block is laid out in maps.
pub(super) struct Grid {
    /// Words of a stripe.
    words: usize,
    /// Stripes of the block.
    pub stripes: usize,
    width: usize,
    height: usize,
    /// Where stripes see the one below them: all, or in vertically causal blocks none.
    below: u64,
    /// For a sample of a word, how far its coefficient is from that of the first one.
    offsets: [u16; 64],
}

/// A word of a map, to be worked on.
#[derive(Clone, Copy)]
pub(super) struct Word {
    /// Its index in a map.
    index: usize,
    /// The samples that it has.
    pub own: u64,
    /// The index of its first coefficient.
    start: usize,
    last: bool,
}

impl Grid {
    /// `width * height` is 1 to 4096, and neither is more than 1024.
    pub(super) fn new((width, height): (usize, usize), vertically_causal: bool) -> Self {
        let mut offsets = [0; 64];
        for (sample, offset) in offsets.iter_mut().enumerate().take(48) {
            *offset = (sample % 6 * width + sample / 6) as u16;
        }
        let below = if vertically_causal { 0 } else { COLUMNS << 1 };
        Self { words: width.div_ceil(8), stripes: height.div_ceil(4), width, height, below, offsets }
    }

    /// The words of a stripe from left to right.
    #[inline(always)]
    pub(super) fn words(&self, stripe: usize) -> impl Iterator<Item = Word> + use<> {
        let (words, width) = (self.words, self.width);
        let rows = (self.height - 4 * stripe).min(4);
        let own = OWN & (COLUMNS * ((2 << rows) - 2));
        let columns = width - 8 * (words - 1);
        let own_last = own & ((1 << (6 + 6 * columns)) - 1);
        (0..words).map(move |word| Word {
            index: (stripe + 1) * words + word,
            own: if word + 1 == words { own_last } else { own },
            start: 4 * stripe * width + 8 * word,
            last: word + 1 == words,
        })
    }

    /// Samples of the block.
    pub(super) fn area(&self) -> usize {
        self.width * self.height
    }

    /// Whether a stripe has all four rows.
    pub(super) fn is_whole(&self, stripe: usize) -> bool {
        4 * stripe + 4 <= self.height
    }

    /// Empties the part of a map that is in use.
    pub(super) fn clear(&self, map: &mut Map) {
        map[..(self.stripes + 2) * self.words].fill(0);
    }

    /// Where the coefficient of a sample is, row by row.
    #[inline(always)]
    pub(super) fn place(&self, word: &Word, sample: u32) -> usize {
        (word.start + usize::from(self.offsets[(sample & 63) as usize])) & 4095
    }

    /// A word with the rows above and below it.
    #[inline(always)]
    fn tall(&self, map: &Map, index: usize) -> u64 {
        let above = map[(index - self.words) & 511];
        let below = map[(index + self.words) & 511];
        map[index & 511] | above >> 4 & COLUMNS | (below & self.below) << 4
    }
}

/// A walk along a stripe of one map.
pub(super) struct Walk {
    left: u64,
    here: u64,
}

impl Walk {
    #[inline(always)]
    pub(super) fn new(grid: &Grid, map: &Map, stripe: usize) -> Self {
        Self { left: 0, here: grid.tall(map, (stripe + 1) * grid.words) }
    }

    /// The word with all samples around.
    #[inline(always)]
    pub(super) fn enter(&mut self, grid: &Grid, map: &Map, word: &Word) -> u64 {
        let right = if word.last { 0 } else { grid.tall(map, word.index + 1) };
        let whole = self.here | self.left >> 48 & FIRST_COLUMN | right << 48 & LAST_COLUMN;
        self.here = right;
        self.left = whole;
        whole
    }

    /// Puts down the samples of the word, that may have changed.
    #[inline(always)]
    pub(super) fn leave(&mut self, map: &mut Map, word: &Word, whole: u64) {
        map[word.index & 511] = whole & OWN;
        self.left = whole;
    }
}

impl Word {
    /// Its bits in a map.
    #[inline(always)]
    pub(super) fn of<'a>(&self, map: &'a mut Map) -> &'a mut u64 {
        &mut map[self.index & 511]
    }
}
