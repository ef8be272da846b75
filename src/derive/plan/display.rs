//! A plan as `recto render --plan` prints it: one choice a line.

use std::fmt;

use super::{Colours, PassThrough, Plan, Scaling};
use crate::metadata::Policy;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(stored) = self.pass_through {
            writeln!(f, "stored    {stored}; otherwise:")?;
        }
        writeln!(f, "reader    {}", self.reader)?;
        writeln!(f, "{}", self.scaling)?;
        writeln!(f, "colour    {}", self.colours)?;
        writeln!(f, "turn      {} and {} degrees", self.turn, self.tilt)?;
        match self.paper {
            Some([red, green, blue]) => writeln!(f, "paper     red {red}, green {green}, blue {blue}")?,
            None => writeln!(f, "paper     none: what is transparent stays so")?,
        }
        writeln!(f, "metadata  {}", self.metadata.map_or("none".to_owned(), carried))?;
        let (quality, format, bits) = (self.quality, self.format, self.depth.bits());
        let way = if self.stream.is_some() { "while it is made" } else { "as a whole" };
        writeln!(f, "write     {quality:?} as {format:?}, {bits} bits a sample, {way}")?;
        write!(f, "cost      {}", self.cost())
    }
}

impl fmt::Display for Scaling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { level, level_dimensions, piece, x, y } = self;
        writeln!(f, "level     {level} of {level_dimensions} pixels, in pieces of {piece}")?;
        writeln!(f, "window    {}", self.window())?;
        writeln!(f, "across    {x}")?;
        writeln!(f, "down      {y}")?;
        writeln!(f, "scaling   {}", if self.is_copy() { "none: pixels as stored" } else { "Lanczos" })?;
        writeln!(f, "bands     {}", self.bands().count())?;
        write!(f, "decodes   {} pixels", self.source_area())
    }
}

impl fmt::Display for PassThrough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tile, growth } = self;
        let (column, row) = (tile.column, tile.row);
        write!(
            f,
            "as tile {column},{row}, sent if its bytes allow it and are at most {growth} times those of a new file"
        )
    }
}

impl fmt::Display for Colours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Srgb => f.write_str("in sRGB, converted from the profile of the master"),
            Self::WithProfile { longest } => {
                write!(
                    f,
                    "as stored, with the profile, if it fits and has at most {longest} bytes; otherwise in sRGB"
                )
            }
            Self::AsStored => f.write_str("as stored, without the profile"),
        }
    }
}

/// The parts of the metadata that are carried on, as a list.
fn carried(policy: Policy) -> String {
    let words = [(policy.copyright, "copyright"), (policy.exif, "exif"), (policy.xmp, "xmp")];
    let carried: Vec<&str> =
        words.into_iter().filter_map(|(is_carried, word)| is_carried.then_some(word)).collect();
    carried.join(", ")
}
