//! JPEG 2000 masters larger than an encoder could make them here: mosaics of four pictures, put together from their
//! packets, or from their tiles. Every piece has the same size, a power of two times that of a precinct at each
//! resolution, so that a precinct of a piece is one of the mosaic. Nothing is coded anew.
//! T.800 annexes A (markers) and I (boxes).

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use recto::picture::{Dimensions, Rect};

use super::picture;

/// A master, or a piece of it.
pub struct Mosaic {
    /// Its file.
    pub name: &'static str,
    /// Pieces in a row, and rows of them; one for a picture that is a piece itself.
    pub pieces: u32,
    /// Whether it has tiles, and no precincts; else it is one tile.
    pub tiled: bool,
}

/// 105 megapixels, untiled.
pub const LARGE: Mosaic = Mosaic { name: "mosaic-105mp.jp2", pieces: 5, tiled: false };
/// 419 megapixels, untiled.
pub const HUGE: Mosaic = Mosaic { name: "mosaic-419mp.jp2", pieces: 10, tiled: false };
/// 105 megapixels in tiles.
pub const TILED: Mosaic = Mosaic { name: "mosaic-105mp-tiled.jp2", pieces: 5, tiled: true };

/// Side of a piece.
const PIECE: u32 = 2048;
/// Side of a tile.
const TILE: u32 = 1024;
/// Pieces that differ.
const PICTURES: u32 = 4;
/// Precincts in a row of a piece, at each resolution.
const PRECINCTS: [u32; 6] = [1, 1, 1, 2, 4, 8];
const COMPONENTS: u32 = 3;

/// What all pieces have in common: 9/7, 8:1, five levels, code-blocks of 64.
const CODED: &str = "-I -r 8 -n 6 -b 64,64 -mct 1";
/// Precincts from the highest resolution down, and the lengths of packets.
const UNTILED: &str = "-c [256,256],[256,256],[256,256],[256,256],[128,128],[64,64] -p RPCL -PLT";
const IN_TILES: &str = "-t 1024,1024 -p RPCL";

impl Mosaic {
    /// Its size in pixels.
    pub fn dimensions(&self) -> Dimensions {
        Dimensions::new(self.pieces * PIECE, self.pieces * PIECE)
    }

    /// The file of the piece at a place of it, and the part of a window of `level` that lies so far inside the piece that
    /// its pixels are those of the piece.
    pub fn inner(&self, column: u32, row: u32, level: u32) -> (PathBuf, Rect, Rect) {
        let (side, margin) = (PIECE >> level, (PIECE >> level) / 4);
        let within = Rect::new(margin, margin, side / 2, side / 2);
        let (x, y) = (column * side + margin, row * side + margin);
        (piece_file(which(column, row), self.tiled), within, Rect { x, y, ..within })
    }

    /// Makes it in `masters` if it is not there.
    pub fn build(&self, masters: &Path) -> Result<PathBuf> {
        let target = masters.join(self.name);
        if !target.exists() {
            let pieces: Vec<Vec<u8>> = (0..PICTURES).map(|n| piece(n, self.tiled)).collect::<Result<_>>()?;
            let pieces: Vec<Piece> = pieces.iter().map(|bytes| Piece::read(bytes)).collect::<Result<_>>()?;
            let unfinished = target.with_extension("unfinished");
            self.write(&pieces, BufWriter::new(File::create(&unfinished)?))?;
            fs::rename(unfinished, &target)?;
        }
        Ok(target)
    }

    fn write(&self, pieces: &[Piece], mut file: impl Write) -> Result<()> {
        let at = |column, row| &pieces[which(column, row) as usize];
        let parts: Vec<(Vec<u8>, Vec<&[u8]>)> = match self.tiled {
            false => vec![untiled(self.pieces, at)?],
            true => tiles(self.pieces, at),
        };
        let length = |(header, bodies): &(Vec<u8>, Vec<&[u8]>)| {
            header.len() + bodies.iter().map(|body| body.len()).sum::<usize>()
        };
        let lengths: Vec<u32> =
            parts.iter().map(|part| Ok(u32::try_from(12 + length(part))?)).collect::<Result<_>>()?;
        let main = self.main_header(&pieces[0], &lengths)?;
        let codestream = main.len() as u32 + lengths.iter().sum::<u32>() + 2;
        file.write_all(&self.boxes(codestream))?;
        file.write_all(&main)?;
        for ((tile, length), (header, bodies)) in (0u16..).zip(&lengths).zip(&parts) {
            file.write_all(&[0xff, 0x90, 0, 10])?;
            file.write_all(&tile.to_be_bytes())?;
            file.write_all(&length.to_be_bytes())?;
            file.write_all(&[0, 1])?;
            file.write_all(header)?;
            bodies.iter().try_for_each(|body| file.write_all(body))?;
        }
        Ok(file.write_all(&[0xff, 0xd9])?)
    }

    /// That of a piece for another size, with TLM: tiles of 16 bits, lengths of 32.
    fn main_header(&self, piece: &Piece, lengths: &[u32]) -> Result<Vec<u8>> {
        let (side, tile) = (self.pieces * PIECE, if self.tiled { TILE } else { self.pieces * PIECE });
        let mut bytes = vec![0xff, 0x4f];
        for segment in &piece.main {
            let mut content = segment.content.to_vec();
            if segment.code == SIZ {
                for (at, value) in [(2, side), (6, side), (18, tile), (22, tile)] {
                    content[at..at + 4].copy_from_slice(&value.to_be_bytes());
                }
            }
            append(&mut bytes, segment.code, &content)?;
        }
        let mut content = vec![0, 0x60];
        for (tile, length) in (0u16..).zip(lengths) {
            content.extend(tile.to_be_bytes());
            content.extend(length.to_be_bytes());
        }
        append(&mut bytes, TLM, &content)?;
        Ok(bytes)
    }

    /// A JP2 file up to its codestream: sRGB, 8 bits.
    fn boxes(&self, codestream: u32) -> Vec<u8> {
        let side = (self.pieces * PIECE).to_be_bytes();
        let boxed = |kind: &[u8; 4], content: &[u8]| {
            [&(content.len() as u32 + 8).to_be_bytes()[..], &kind[..], content].concat()
        };
        let ihdr = boxed(b"ihdr", &[&side[..], &side, &[0, COMPONENTS as u8, 7, 7, 0, 0]].concat());
        let colr = boxed(b"colr", &[1, 0, 0, 0, 0, 0, 16]);
        let length = (codestream + 8).to_be_bytes();
        [
            boxed(b"jP  ", &[0x0d, 0x0a, 0x87, 0x0a]),
            boxed(b"ftyp", b"jp2 \0\0\0\0jp2 "),
            boxed(b"jp2h", &[ihdr, colr].concat()),
            [&length[..], b"jp2c"].concat(),
        ]
        .concat()
    }
}

/// The picture at a place of a mosaic.
fn which(column: u32, row: u32) -> u32 {
    (column + 2 * row + row / 2) % PICTURES
}

/// The one tile-part of an untiled mosaic, after its SOT: PLT, and the packets.
fn untiled<'a>(pieces: u32, at: impl Fn(u32, u32) -> &'a Piece<'a>) -> Result<(Vec<u8>, Vec<&'a [u8]>)> {
    let mut packets = Vec::new();
    let mut first = 0;
    for precincts in PRECINCTS {
        for (row, column) in cells(pieces * precincts) {
            let piece = at(column / precincts, row / precincts);
            let own = first + (row % precincts * precincts + column % precincts) * COMPONENTS;
            packets.extend((own..own + COMPONENTS).map(|packet| piece.parts[0].packets[packet as usize]));
        }
        first += precincts * precincts * COMPONENTS;
    }
    let (mut header, mut number) = (Vec::new(), 0u8);
    // As many as fit a segment for sure: a length takes five bytes at most.
    for packets in packets.chunks(13_000) {
        let mut content = vec![number];
        packets.iter().for_each(|packet| append_length(&mut content, packet.len() as u32));
        append(&mut header, PLT, &content)?;
        number += 1;
    }
    header.extend([0xff, 0x93]);
    Ok((header, packets))
}

/// The tile-parts of a tiled mosaic, after their SOT.
fn tiles<'a>(pieces: u32, at: impl Fn(u32, u32) -> &'a Piece<'a>) -> Vec<(Vec<u8>, Vec<&'a [u8]>)> {
    let across = PIECE / TILE;
    let tile = |(row, column): (u32, u32)| {
        let own = row % across * across + column % across;
        (Vec::new(), vec![at(column / across, row / across).parts[own as usize].bytes])
    };
    cells(pieces * across).map(tile).collect()
}

/// Rows and columns of a square grid.
fn cells(side: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..side).flat_map(move |row| (0..side).map(move |column| (row, column)))
}

const SIZ: u16 = 0xff51;
const TLM: u16 = 0xff55;
const PLT: u16 = 0xff58;
const COM: u16 = 0xff64;
const SOT: u16 = 0xff90;
const SOD: u16 = 0xff93;

fn append(bytes: &mut Vec<u8>, code: u16, content: &[u8]) -> Result<()> {
    bytes.extend(code.to_be_bytes());
    bytes.extend(u16::try_from(content.len() + 2)?.to_be_bytes());
    bytes.extend(content);
    Ok(())
}

/// Seven bits in a byte (T.800 A.7.3).
fn append_length(content: &mut Vec<u8>, length: u32) {
    for shift in [28, 21, 14, 7] {
        if length >> shift > 0 {
            content.push((length >> shift) as u8 & 0x7f | 0x80);
        }
    }
    content.push(length as u8 & 0x7f);
}

/// The codestream of a picture, taken apart.
struct Piece<'a> {
    /// The segments of its main header, but for comments.
    main: Vec<Segment<'a>>,
    parts: Vec<Part<'a>>,
}

struct Segment<'a> {
    code: u16,
    content: &'a [u8],
}

/// A tile-part.
struct Part<'a> {
    /// What follows its SOT.
    bytes: &'a [u8],
    /// As its PLT has them.
    packets: Vec<&'a [u8]>,
}

impl<'a> Piece<'a> {
    fn read(codestream: &'a [u8]) -> Result<Self> {
        let (mut main, mut rest) = segments(&codestream[2..]);
        main.retain(|segment| segment.code != COM);
        let mut parts = Vec::new();
        while rest.starts_with(&SOT.to_be_bytes()) {
            let length = u32::from_be_bytes(rest[6..10].try_into()?);
            let (part, after) = rest.split_at(length as usize);
            let (header, body) = segments(&part[12..]);
            parts.push(Part { bytes: &part[12..], packets: packets(&header, &body[2..]) });
            rest = after;
        }
        Ok(Self { main, parts })
    }
}

/// The segments of a header, and what follows them.
fn segments(mut rest: &[u8]) -> (Vec<Segment<'_>>, &[u8]) {
    let mut segments = Vec::new();
    loop {
        let [code, length] = [0, 2].map(|at| u16::from_be_bytes([rest[at], rest[at + 1]]));
        if matches!(code, SOT | SOD) {
            return (segments, rest);
        }
        let (segment, after) = rest.split_at(2 + usize::from(length));
        segments.push(Segment { code, content: &segment[4..] });
        rest = after;
    }
}

/// The packets whose lengths PLT has.
fn packets<'a>(header: &[Segment], mut body: &'a [u8]) -> Vec<&'a [u8]> {
    let lengths = header.iter().filter(|segment| segment.code == PLT).flat_map(|plt| &plt.content[1..]);
    let (mut packets, mut length) = (Vec::new(), 0);
    for byte in lengths {
        length = length << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            let (packet, rest) = body.split_at(length);
            packets.push(packet);
            (body, length) = (rest, 0);
        }
    }
    packets
}

fn piece_file(number: u32, tiled: bool) -> PathBuf {
    let kind = if tiled { "tiled" } else { "untiled" };
    super::directory().join(format!("pieces/{number}-{kind}.j2k"))
}

/// The codestream of one of the pictures.
fn piece(number: u32, tiled: bool) -> Result<Vec<u8>> {
    let file = piece_file(number, tiled);
    if !file.exists() {
        fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
        let picture = file.with_extension("ppm");
        let mut bytes = format!("P6\n{PIECE} {PIECE}\n255\n").into_bytes();
        let start = bytes.len();
        bytes.resize(start + (PIECE * PIECE * COMPONENTS) as usize, 0);
        picture::paint(number * 5000, PIECE, &mut bytes[start..]);
        fs::write(&picture, bytes)?;
        let mut command = Command::new("opj_compress");
        command.arg("-i").arg(&picture).arg("-o").arg(&file).args(CODED.split(' '));
        let output = command.args(if tiled { IN_TILES } else { UNTILED }.split(' ')).output();
        let output = output.context(
            "opj_compress cannot be run. `make bench` installs it; its package is libopenjp2-tools",
        )?;
        ensure!(output.status.success(), "opj_compress: {}", String::from_utf8_lossy(&output.stdout));
        fs::remove_file(picture)?;
    }
    Ok(fs::read(file)?)
}
