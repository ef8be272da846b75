//! How large an image is on the original, for the Physical Dimensions service of info.json.

/// How large a pixel is on the original.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhysicalScale {
    /// The side of a pixel, in `unit`.
    pub size: f64,
    /// Its unit.
    pub unit: PhysicalUnit,
}

/// A unit of length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhysicalUnit {
    /// 25.4 millimetres.
    Inch,
    /// 10 millimetres.
    Centimetre,
}

impl PhysicalUnit {
    /// The value of `physicalUnits` (Physical Dimensions annex).
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Inch => "in",
            Self::Centimetre => "cm",
        }
    }
}
