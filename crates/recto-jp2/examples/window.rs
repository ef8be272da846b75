//! A window of a codestream as a PGM or PPM file on the standard output.
//!
//! ```text
//! cargo run --example window -- picture.j2k                     the whole, at the smallest resolution
//! cargo run --example window -- picture.j2k 2 0,0,4096,4096     a window of the reference grid, two resolutions less
//! ```

use std::error::Error;
use std::io::{self, Write};

use recto_jp2::{Bytes, Index, Plane, Rect, Source, WindowDecoder};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = arguments.first().ok_or("usage: window FILE [REDUCTION [X,Y,WIDTH,HEIGHT]]")?;
    let codestream = std::fs::read(path)?;
    let index = Index::read(&codestream)?;
    let reduction = match arguments.get(1) {
        Some(number) => number.parse()?,
        None => index.levels(&codestream),
    };
    let area = match arguments.get(2) {
        Some(numbers) => rect(numbers)?,
        None => index.header.image,
    };
    // As many as the file has place for.
    let components = if index.header.components.len() < 3 { &[0][..] } else { &[0, 1, 2] };
    let announce = |ranges: &[std::ops::Range<usize>]| {
        let bytes: usize = ranges.iter().map(|range| range.end - range.start).sum();
        eprintln!("going to read {bytes} of {} bytes", codestream.len());
        Ok(())
    };
    let bytes = Bytes::new(&codestream, &announce, true);
    let source = Source { codestream: bytes, index: &index, components, identity: 1 };
    let planes = WindowDecoder::default().decode(source, reduction, area)?;
    let planes: Vec<&Plane> = components.iter().map(|component| &planes[*component]).collect();
    write(&planes, index.header.components[0].precision)?;
    Ok(())
}

/// Four numbers with commas between them.
fn rect(numbers: &str) -> Result<Rect, Box<dyn Error>> {
    let numbers: Vec<u32> = numbers.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let &[x, y, width, height] = &numbers[..] else { return Err("a window is X,Y,WIDTH,HEIGHT".into()) };
    Ok(Rect::new(x, y, width, height))
}

/// Planes of the same size as a file of the Netpbm family.
fn write(planes: &[&Plane], precision: u8) -> Result<(), Box<dyn Error>> {
    let rect = planes[0].rect;
    if planes.iter().any(|plane| plane.rect != rect) {
        return Err("the components are subsampled, which PPM has no place for".into());
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let kind = if planes.len() == 1 { "P5" } else { "P6" };
    write!(out, "{kind}\n{} {}\n{}\n", rect.width, rect.height, (1u32 << precision.min(16)) - 1)?;
    for at in 0..planes[0].samples.len() {
        for plane in planes {
            match precision {
                ..=8 => out.write_all(&[plane.samples[at] as u8])?,
                _ => out.write_all(&plane.samples[at].to_be_bytes())?,
            }
        }
    }
    out.flush()?;
    Ok(())
}
