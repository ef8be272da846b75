//! The sample leaf: two columns of capitals on ruled parchment, with coloured initials and a marbled one.
//! Pure: the ground follows from the place of a pixel, the writing is strokes.
//! The text is the beginning of Genesis in the Vulgate, which is how many a first leaf begins.

use super::lettering::Pen;
use super::noise::{Along, gradient, hash, layers, smooth, unit};
use super::paint::{Color, Drawing, coverage};
use crate::picture::{Dimensions, Rect};

/// Size of the leaf: 20 megapixels.
pub(super) const SIZE: Dimensions = Dimensions::new(3840, 5376);

const SKIN: Color = Color::hex(0xEFE3CB);
const SHADE: Color = Color::hex(0xC6A678);
const INK: Color = Color::hex(0x33241A);
const RED: Color = Color::hex(0xA02A1E);
const BLUE: Color = Color::hex(0x27487F);
const GOLD: Color = Color::hex(0xD2A545);
const MARBLE: [u32; 6] = [0x27487F, 0xE9D9B0, 0x16305C, 0x7A1F2B, 0xC2923F, 0x2F5D55];
/// Left ends of the columns, their width, the first line, the space between lines, and how many there are.
const COLUMNS: [f32; 2] = [560.0, 1950.0];
const COLUMN_WIDTH: f32 = 1190.0;
const FIRST_LINE: f32 = 760.0;
const LEADING: f32 = 104.0;
const LINES: u16 = 38;
/// The marbled initial; six lines high.
const INITIAL: Rect = Rect::new(560, 690, 600, 600);

const TEXT: &str = "N PRINCIPIO CREAVIT DEUS CAELUM ET TERRAM. TERRA AUTEM ERAT INANIS ET VACUA, \
    ET TENEBRAE ERANT SUPER FACIEM ABYSSI, ET SPIRITUS DEI FEREBATUR SUPER AQUAS. \
    /DIXITQUE DEUS: FIAT LUX. ET FACTA EST LUX. ET VIDIT DEUS LUCEM QUOD ESSET BONA, ET DIVISIT LUCEM A TENEBRIS. \
    APPELLAVITQUE LUCEM DIEM, ET TENEBRAS NOCTEM. FACTUMQUE EST VESPERE ET MANE, DIES UNUS. \
    /DIXIT QUOQUE DEUS: FIAT FIRMAMENTUM IN MEDIO AQUARUM, ET DIVIDAT AQUAS AB AQUIS. \
    ET FECIT DEUS FIRMAMENTUM, DIVISITQUE AQUAS QUAE ERANT SUB FIRMAMENTO AB HIS QUAE ERANT SUPER FIRMAMENTUM. \
    ET FACTUM EST ITA. VOCAVITQUE DEUS FIRMAMENTUM CAELUM. ET FACTUM EST VESPERE ET MANE, DIES SECUNDUS. \
    /DIXIT VERO DEUS: CONGREGENTUR AQUAE QUAE SUB CAELO SUNT IN LOCUM UNUM, ET APPAREAT ARIDA. \
    FACTUMQUE EST ITA. ET VOCAVIT DEUS ARIDAM TERRAM, CONGREGATIONESQUE AQUARUM APPELLAVIT MARIA. \
    ET VIDIT DEUS QUOD ESSET BONUM. ET AIT: GERMINET TERRA HERBAM VIRENTEM ET FACIENTEM SEMEN, \
    ET LIGNUM POMIFERUM FACIENS FRUCTUM JUXTA GENUS SUUM, CUJUS SEMEN IN SEMETIPSO SIT SUPER TERRAM. \
    ET FACTUM EST ITA. ET FACTUM EST VESPERE ET MANE, DIES TERTIUS. \
    /DIXIT AUTEM DEUS: FIANT LUMINARIA IN FIRMAMENTO CAELI, ET DIVIDANT DIEM AC NOCTEM, ET SINT IN SIGNA \
    ET TEMPORA, ET DIES ET ANNOS, UT LUCEANT IN FIRMAMENTO CAELI, ET ILLUMINENT TERRAM. ET FACTUM EST ITA. \
    FECITQUE DEUS DUO LUMINARIA MAGNA: LUMINARE MAJUS, UT PRAEESSET DIEI, ET LUMINARE MINUS, \
    UT PRAEESSET NOCTI, ET STELLAS. ET POSUIT EAS IN FIRMAMENTO CAELI, UT LUCERENT SUPER TERRAM. \
    /PRODUCANT AQUAE REPTILE ANIMAE VIVENTIS, ET VOLATILE SUPER TERRAM SUB FIRMAMENTO CAELI. \
    CREAVITQUE DEUS CETE GRANDIA, ET OMNEM ANIMAM VIVENTEM ATQUE MOTABILEM, QUAM PRODUXERANT AQUAE \
    IN SPECIES SUAS, ET OMNE VOLATILE SECUNDUM GENUS SUUM. ";

/// Paints the rows from `first` on: parchment, ruling, and the field of the initial.
pub(super) fn paint(first: u32, rows: &mut [u8]) {
    for (y, row) in (first..).zip(rows.chunks_exact_mut(SIZE.width as usize * 3)) {
        let skins = Along::new(SIZE.width, |x| skin(x, y as f32));
        for (x, pixel) in (0..).zip(row.chunks_exact_mut(3)) {
            let (fx, fy) = (x as f32, y as f32);
            let [brown, hairy, wobble] = skins.at(x);
            let color = match INITIAL.contains(Rect::new(x, y, 1, 1)) {
                true => marble(fx, fy),
                false => parchment(fx, fy, brown, hairy).mix(SHADE.times(0.7), 0.5 * ruling(fx, fy, wobble)),
            };
            pixel.copy_from_slice(&color.bytes());
        }
    }
}

/// How brown the skin is, cloudy, with veins, browner at the edges and the corner where leaves are turned; how much of it
/// has the pores of the hair side; and how far lines of lead are off.
fn skin(x: f32, y: f32) -> [f32; 3] {
    let (width, height) = (SIZE.width as f32, SIZE.height as f32);
    let edge = x.min(y).min(width - x).min(height - y) + 60.0 * layers(x / 300.0, y / 300.0, 3, 0.5, 5);
    let thumb = (-((x - width).hypot(y - height) / 900.0).powi(2)).exp();
    let cloud = 0.26 + 0.2 * layers(x / 1100.0, y / 1300.0, 4, 0.55, 11);
    let vein = 1.0 - smooth(0.0, 0.05, layers(x / 800.0, y / 500.0, 3, 0.5, 21).abs());
    let brown = cloud + 0.10 * vein + 0.6 * (1.0 - smooth(0.0, 420.0, edge)) + 0.35 * thumb;
    let hairy = smooth(0.0, 0.6, gradient(x / 400.0, y / 400.0, 32));
    [brown, hairy, 1.2 * gradient(x / 500.0, y / 90.0, 51)]
}

/// Skin, not paper: with pores and grain.
fn parchment(x: f32, y: f32, brown: f32, hairy: f32) -> Color {
    let pore = if hairy > 0.0 { hairy * smooth(0.75, 1.1, gradient(x / 7.0, y / 7.0, 31)) } else { 0.0 };
    let grain = 1.0 + 0.012 * gradient(x / 3.0, y / 3.0, 41);
    SKIN.mix(SHADE, (brown + 0.45 * pore).clamp(0.0, 1.0)).times(grain)
}

/// Lines drawn with lead: across at each line of text, down beside the columns; they run into the margins.
fn ruling(x: f32, y: f32, wobble: f32) -> f32 {
    let line = ((y + wobble - FIRST_LINE - 4.0) / LEADING).round().clamp(0.0, f32::from(LINES - 1));
    let across = coverage(1.0 - (y + wobble - FIRST_LINE - 4.0 - line * LEADING).abs());
    let inside = x > 380.0 && x < 3330.0;
    let sides = COLUMNS.iter().flat_map(|left| [left - 14.0, left + COLUMN_WIDTH + 14.0]);
    let down = sides.map(|side| coverage(0.9 - (x - side + wobble).abs())).fold(0.0, f32::max);
    let lead = (if inside { across } else { 0.0 }).max(down);
    if lead > 0.0 { lead * (0.7 + 0.3 * gradient(x / 40.0, y / 40.0, 52)) } else { 0.0 }
}

/// Marbled colours, as on an endpaper: noise that bends noise. A gold fillet holds them.
fn marble(x: f32, y: f32) -> Color {
    let (left, top) = (x - INITIAL.x as f32, y - INITIAL.y as f32);
    let side = INITIAL.width as f32 - 1.0;
    let edge = left.min(top).min(side - left).min(side - top);
    let (u, v) = (left / 330.0, top / 330.0);
    let bend = |seed| layers(u, v, 2, 0.4, seed);
    let (bu, bv) = (bend(61), bend(65));
    let flow = 3.0 + 6.5 * layers(u + 0.9 * bu, v + 0.9 * bv, 2, 0.35, 71);
    let band = flow.floor();
    let color_of = |n: f32| Color::hex(MARBLE[(n as i32).rem_euclid(MARBLE.len() as i32) as usize]);
    let color = color_of(band).mix(color_of(band + 1.0), smooth(0.90, 1.0, flow - band));
    let vein = coverage(-1.5 + 1.1 * (1.0 - 9.0 * (flow * 3.0 - (flow * 3.0).round()).abs()));
    let color = color.mix(Color::hex(0xF3E6C4), 0.5 * vein);
    let gilt = GOLD.times(1.0 + 0.18 * gradient(x / 14.0, y / 14.0, 75));
    let color = if edge < 20.0 { gilt } else { color };
    if edge < 4.0 || (20.0..23.0).contains(&edge) { INK } else { color }
}

/// All strokes of the leaf.
pub(super) fn draw() -> Drawing {
    let mut drawing = Drawing::default();
    let gilt = Pen { height: 400.0, weight: 84.0, spacing: 0.0, ink: Color::hex(0xEBC766), opacity: 1.0 };
    let rim = Pen { weight: 100.0, ink: INK, ..gilt };
    let middle = INITIAL.x as f32 + INITIAL.width as f32 / 2.0;
    rim.center(&mut drawing, middle, 1190.0, "I");
    gilt.center(&mut drawing, middle, 1190.0, "I");
    let title = Pen { height: 66.0, weight: 9.0, spacing: 2.2, ink: RED, opacity: 0.9 };
    title.center(&mut drawing, SIZE.width as f32 / 2.0 - 70.0, 560.0, "LIBER GENESIS");
    let folio = Pen { height: 60.0, weight: 6.0, spacing: 1.6, ink: Color::hex(0x5A4632), opacity: 0.75 };
    folio.write(&mut drawing, 3420.0, 330.0, "12 R");
    write_text(&mut drawing);
    pricking(&mut drawing);
    drawing
}

/// Where the scribe is.
struct Scribe {
    column: usize,
    line: u16,
    x: f32,
}

impl Scribe {
    /// Where the current line starts: beside the initial, or at the edge of the column.
    fn line_start(&self) -> f32 {
        let beside =
            self.column == 0 && FIRST_LINE + f32::from(self.line) * LEADING < INITIAL.bottom() as f32 + 60.0;
        COLUMNS[self.column] + if beside { INITIAL.width as f32 + 34.0 } else { 0.0 }
    }

    /// Goes to the next line, or column; says whether there is one.
    fn next_line(&mut self) -> bool {
        self.line += 1;
        if self.line == LINES {
            (self.column, self.line) = (self.column + 1, 0);
        }
        let more = self.column < COLUMNS.len();
        self.x = if more { self.line_start() } else { 0.0 };
        more
    }
}

/// Fills both columns, from the beginning again where the text ends.
fn write_text(drawing: &mut Drawing) {
    let plain = Pen { height: 54.0, weight: 10.5, spacing: 2.1, ink: INK, opacity: 0.9 };
    let mut scribe = Scribe { column: 0, line: 0, x: 0.0 };
    scribe.x = scribe.line_start();
    for (n, word) in (0..).zip(TEXT.split_whitespace().cycle()) {
        let word = if n > 0 && word == "N" { "/IN" } else { word };
        let (word, ink) = match word.strip_prefix('/') {
            Some(word) => (word, if hash(n, 0, 81).is_multiple_of(2) { RED } else { BLUE }),
            None => (word, INK),
        };
        let end = COLUMNS[scribe.column] + COLUMN_WIDTH;
        if scribe.x + plain.width(word) > end && !scribe.next_line() {
            return;
        }
        // Each word has its own dip of ink, and the hand is not a ruler.
        let opacity = 0.80 + 0.14 * unit(n, 1, 82);
        let drift = 3.0 * unit(n, 2, 82) - 1.5;
        let y = FIRST_LINE + f32::from(scribe.line) * LEADING + drift;
        let (first, rest) = word.split_at(1);
        let capital = if ink == INK { plain } else { Pen { height: 76.0, weight: 19.0, ink, ..plain } };
        Pen { opacity, ..capital }.write(drawing, scribe.x, y, first);
        scribe.x += capital.width(first) + plain.spacing * plain.height / 6.0;
        Pen { opacity, ..plain }.write(drawing, scribe.x, y, rest);
        scribe.x += plain.width(rest) + 42.0;
    }
}

/// The holes in the outer margin from which the lines were ruled.
fn pricking(drawing: &mut Drawing) {
    let hole = Pen { height: 6.0, weight: 9.0, spacing: 0.0, ink: Color::hex(0x4A3826), opacity: 0.8 };
    for line in 0..LINES {
        let y = FIRST_LINE + 4.0 + f32::from(line) * LEADING;
        hole.write(drawing, 3660.0 + 6.0 * unit(i32::from(line), 0, 91), y, ".");
    }
}
