//! Contexts and probabilities of the coding passes: the tables of T.800, packed for one lookup each.

use crate::codestream::BandKind;

/// The context of the decision whether a column of four is still insignificant (T.800 Table D.5).
pub(super) const RUN_LENGTH: u8 = 17;
/// The context of decisions without a favourite (T.800 Table D.5).
pub(super) const UNIFORM: u8 = 18;
/// The first of the three contexts of magnitude refinement (T.800 Table D.4).
pub(super) const REFINEMENT: u8 = 14;
/// The first of the five contexts of signs (T.800 Table D.3).
const SIGN: u8 = 9;
/// Set in an entry of [`SIGNS`] if the decoded bit is the sign inverted.
pub(super) const INVERTED: u8 = 0x80;

/// T.800 Table C.2: the probability of the less probable symbol, the state after the more probable one, the state
/// after the less probable one, and whether the two then change places.
pub(super) const PROBABILITIES: [(u16, u8, u8, bool); 47] = [
    (0x5601, 1, 1, true),
    (0x3401, 2, 6, false),
    (0x1801, 3, 9, false),
    (0x0ac1, 4, 12, false),
    (0x0521, 5, 29, false),
    (0x0221, 38, 33, false),
    (0x5601, 7, 6, true),
    (0x5401, 8, 14, false),
    (0x4801, 9, 14, false),
    (0x3801, 10, 14, false),
    (0x3001, 11, 17, false),
    (0x2401, 12, 18, false),
    (0x1c01, 13, 20, false),
    (0x1601, 29, 21, false),
    (0x5601, 15, 14, true),
    (0x5401, 16, 14, false),
    (0x5101, 17, 15, false),
    (0x4801, 18, 16, false),
    (0x3801, 19, 17, false),
    (0x3401, 20, 18, false),
    (0x3001, 21, 19, false),
    (0x2801, 22, 19, false),
    (0x2401, 23, 20, false),
    (0x2201, 24, 21, false),
    (0x1c01, 25, 22, false),
    (0x1801, 26, 23, false),
    (0x1601, 27, 24, false),
    (0x1401, 28, 25, false),
    (0x1201, 29, 26, false),
    (0x1101, 30, 27, false),
    (0x0ac1, 31, 28, false),
    (0x09c1, 32, 29, false),
    (0x08a1, 33, 30, false),
    (0x0521, 34, 31, false),
    (0x0441, 35, 32, false),
    (0x02a1, 36, 33, false),
    (0x0221, 37, 34, false),
    (0x0141, 38, 35, false),
    (0x0111, 39, 36, false),
    (0x0085, 40, 37, false),
    (0x0049, 41, 38, false),
    (0x0025, 42, 39, false),
    (0x0015, 43, 40, false),
    (0x0009, 44, 41, false),
    (0x0005, 45, 42, false),
    (0x0001, 45, 43, false),
    (0x5601, 46, 46, false),
];

/// The states in which the 19 contexts start (T.800 Table D.7): all zero but these.
pub(super) const INITIAL: [(u8, u8); 3] = [(0, 4), (RUN_LENGTH, 3), (UNIFORM, 46)];

/// A table by the 3x3 samples around one, as they stand in a word: bit `6 * column + row`. The other bits are not to be
/// set, so that few lines of the cache are in use. To bring the nine together would take longer than a look-up.
pub(super) type Around = [u8; 1 << 15];

/// Contexts of significance (T.800 Table D.1) of a kind of subband, by the significance of the samples around; that of the
/// sample itself does not count.
pub(super) const fn significance(kind: BandKind) -> &'static Around {
    match kind {
        BandKind::Ll | BandKind::Lh => &LOW_PASS_ACROSS,
        BandKind::Hl => &HIGH_PASS_ACROSS,
        BandKind::Hh => &HIGH_PASS,
    }
}

static LOW_PASS_ACROSS: Around = significance_table(BandKind::Lh);
static HIGH_PASS_ACROSS: Around = significance_table(BandKind::Hl);
static HIGH_PASS: Around = significance_table(BandKind::Hh);

const fn significance_table(kind: BandKind) -> Around {
    let mut table = [0; 1 << 15];
    let mut around = 0;
    while around < table.len() {
        let horizontal = ((around >> 1 & 1) + (around >> 13 & 1)) as u8;
        let vertical = ((around >> 6 & 1) + (around >> 8 & 1)) as u8;
        let diagonal = (around & 0o50005).count_ones() as u8;
        table[around] = match kind {
            BandKind::Ll | BandKind::Lh => along(horizontal, vertical, diagonal),
            BandKind::Hl => along(vertical, horizontal, diagonal),
            BandKind::Hh => across(horizontal + vertical, diagonal),
        };
        around += 1;
    }
    table
}

/// `main` are the significant neighbours along the direction in which the subband is low-pass.
const fn along(main: u8, other: u8, diagonal: u8) -> u8 {
    match (main, other, diagonal) {
        (2, _, _) => 8,
        (1, 1.., _) => 7,
        (1, 0, 1..) => 6,
        (1, 0, 0) => 5,
        (_, 2, _) => 4,
        (_, 1, _) => 3,
        (_, _, 2..) => 2,
        (_, _, diagonal) => diagonal,
    }
}

const fn across(straight: u8, diagonal: u8) -> u8 {
    match (diagonal, straight) {
        (3.., _) => 8,
        (2, 1..) => 7,
        (2, 0) => 6,
        (1, 2..) => 5,
        (1, straight) => 3 + straight,
        (_, 2..) => 2,
        (_, straight) => straight,
    }
}

/// Contexts of signs, with [`INVERTED`] (T.800 Tables D.2 and D.3), by two bits for each straight neighbour: whether it is
/// significant, where it stands in a word, and in the next bit whether it is negative.
pub(super) static SIGNS: Around = sign_table();

const fn sign_table() -> Around {
    let mut table = [0; 1 << 15];
    let mut around = 0;
    while around < table.len() {
        let horizontal = contribution(around >> 1) + contribution(around >> 13);
        let vertical = contribution(around >> 6) + contribution(around >> 8);
        table[around] = match (horizontal.signum(), vertical.signum()) {
            (0, 0) => SIGN,
            (0, 1) => SIGN + 1,
            (0, _) => (SIGN + 1) | INVERTED,
            (1, vertical) => (SIGN + 3).wrapping_add_signed(vertical as i8),
            (_, vertical) => (SIGN + 3).wrapping_add_signed(-vertical as i8) | INVERTED,
        };
        around += 1;
    }
    table
}

const fn contribution(neighbour: usize) -> i32 {
    match neighbour & 3 {
        1 => 1,
        3 => -1,
        _ => 0,
    }
}
