//! What the converter leaves in a file of its own: the checksum of the pixels, and what they were made from. It stands in
//! the field Software, behind what was there before, where every reader of TIFF and EXIF shows it and none stumbles.
//! Pure.
//!
//! `Recto 0.1.0 (pixels sha256:..., source sha256:..., wish ...)`

use std::fmt;

/// What the seal begins with, and ends with.
const NAME: &str = concat!("Recto ", env!("CARGO_PKG_VERSION"), " (");
const BEGINNING: &str = "Recto ";
const PIXELS: &str = "pixels sha256:";
const SOURCE: &str = "source sha256:";
const WISH: &str = "wish ";

/// Between it and what stands before it.
const BETWEEN: &str = "; ";

/// What the converter leaves in a file. Numbers are in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The checksum of the pixels ([`crate::raster::Checksum`]), if the file was verified: SHA-256.
    pub pixels: Option<String>,
    /// The checksum of the bytes of the file that it was made of: SHA-256.
    pub source: String,
    /// What stands for all that was wished for: the first 16 digits of a SHA-256.
    pub wish: String,
}

impl Seal {
    /// The digits of a checksum that is not known yet.
    pub const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

    /// The seal in the value of the field Software.
    pub fn read(software: &str) -> Option<Self> {
        let (_, text) = split(software);
        let mut seal = Self { pixels: None, source: String::new(), wish: String::new() };
        for part in text?.split(", ") {
            match (part.strip_prefix(PIXELS), part.strip_prefix(SOURCE), part.strip_prefix(WISH)) {
                (Some(digits), ..) => seal.pixels = Some(number(digits, 64)?),
                (_, Some(digits), _) => seal.source = number(digits, 64)?,
                (.., Some(digits)) => seal.wish = number(digits, 16)?,
                _ => {}
            }
        }
        (!seal.source.is_empty() && !seal.wish.is_empty()).then_some(seal)
    }

    /// The field without a seal: what wrote the picture before.
    pub fn without(software: &str) -> &str {
        split(software).0
    }

    /// The value of the field Software, where another stood before.
    pub fn after(&self, software: &str) -> String {
        match Self::without(software) {
            "" => self.to_string(),
            before => format!("{before}{BETWEEN}{self}"),
        }
    }
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)?;
        if let Some(pixels) = &self.pixels {
            write!(f, "{PIXELS}{pixels}, ")?;
        }
        write!(f, "{SOURCE}{}, {WISH}{})", self.source, self.wish)
    }
}

/// What stands before a seal, and what is in it.
fn split(software: &str) -> (&str, Option<&str>) {
    let is_seal = |text: &str| text.starts_with(BEGINNING) && text.ends_with(')') && text.contains(SOURCE);
    let mut starts = software.rmatch_indices(BEGINNING).map(|(at, _)| at);
    let Some(at) = starts.find(|at| is_seal(&software[*at..])) else { return (software, None) };
    let seal = &software[at..software.len() - 1];
    let before = software[..at].strip_suffix(BETWEEN).unwrap_or(&software[..at]);
    (before, seal.split_once('(').map(|(_, text)| text))
}

/// So many hexadecimal digits.
fn number(digits: &str, count: usize) -> Option<String> {
    let is_number = digits.len() == count && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_number.then(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_stands_behind_what_was_there_and_is_found_again() {
        let digits = |digit: char, count| std::iter::repeat_n(digit, count).collect::<String>();
        let mut seal = Seal { pixels: Some(digits('a', 64)), source: digits('b', 64), wish: digits('c', 16) };
        for before in ["", "GIMP 2.10", "Recto 9 (what)", "a; b"] {
            let text = seal.after(before);
            assert_eq!((Seal::read(&text), Seal::without(&text)), (Some(seal.clone()), before));
            seal.pixels = None;
            assert_eq!(seal.after(&text), seal.after(before), "it replaces another");
            assert_eq!(Seal::read(&seal.after(&text)), Some(seal.clone()));
            seal.pixels = Some(digits('a', 64));
        }
        for other in ["", "Recto", "Recto 0.1.0 (source sha256:12)", "Recto 0.1.0 (source sha256:, wish )"] {
            assert_eq!(Seal::read(other), None, "{other}");
        }
    }
}
