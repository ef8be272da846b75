//! The rotation parameter: mirror, then degrees clockwise (Image API 3.0 and 2.1, section 4.3).
//! The grammar holds every angle from 0 to 360; quarter turns are what can be served.
//! Other angles need `rotationArbitrary`, which is neither served nor advertised.

use std::fmt;

use super::number::Decimal;
use super::quoted;
use crate::error::Error;
use crate::geometry::Orientation;

/// A mirror and a turn, as the URL names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rotation {
    /// `!`: mirrored left to right before it is turned.
    pub mirrored: bool,
    /// Degrees clockwise, 0 to 360.
    pub degrees: Decimal,
}

impl Rotation {
    /// The rotation that a decoded segment names.
    ///
    /// # Errors
    /// [`Error::Request`] if it is neither a number nor `!` and a number, or is beyond 360.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let (mirrored, number) = match text.strip_prefix('!') {
            Some(number) => (true, number),
            None => (false, text),
        };
        let degrees = Decimal::parse(number).filter(|degrees| !degrees.exceeds(360));
        let rule = "is not a number of degrees from 0 to 360, or ! and such a number";
        degrees
            .map(|degrees| Self { mirrored, degrees })
            .ok_or_else(|| Error::request("rotation", format!("{} {rule}", quoted(text))))
    }

    /// The number of quarter turns, 0 to 3, if it is a whole number of them. 360 degrees are none.
    pub fn quarters(self) -> Option<u8> {
        match self.degrees.as_whole()? {
            0 | 360 => Some(0),
            90 => Some(1),
            180 => Some(2),
            270 => Some(3),
            _ => None,
        }
    }

    /// The turn to carry out.
    ///
    /// # Errors
    /// [`Error::Request`] for an angle that is not offered; section 4.3 makes that a 400 as well. This is the one
    /// place that refuses it.
    pub(super) fn orientation(self) -> Result<Orientation, Error> {
        match self.quarters() {
            Some(quarters) => Ok(Orientation { mirrored: self.mirrored, quarters }),
            None => {
                let rule = "is not supported: turns are multiples of 90 degrees here";
                Err(Error::request("rotation", format!("\"{self}\" {rule}")))
            }
        }
    }
}

impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.mirrored { "!" } else { "" }, self.degrees)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarter_turns_and_mirrors() {
        for (rule, text, mirrored, quarters) in [
            ("ROT-01", "0", false, 0),
            ("ROT-02..08", "90", false, 1),
            ("ROT-02..08", "180", false, 2),
            ("ROT-02..08", "270", false, 3),
            ("ROT-09", "360", false, 0),
            ("ROT-10", "90.0", false, 1),
            ("ROT-10", "0.000", false, 0),
            ("ROT-20..25", "!0", true, 0),
            ("ROT-20..25", "!90", true, 1),
            ("ROT-20..25", "!180.00", true, 2),
            ("ROT-20..25", "!360", true, 0),
        ] {
            let turn = Rotation::parse(text).and_then(Rotation::orientation);
            assert_eq!(turn.expect(rule), Orientation { mirrored, quarters }, "{rule}: {text}");
        }
    }

    #[test]
    fn other_angles_are_well_formed_but_not_offered() {
        for text in ["22.5", "1", "359.9999999999", "!45", ".5", "90.0000000001"] {
            let rotation = Rotation::parse(text).expect(text);
            assert_eq!(rotation.orientation().expect_err("ROT-37").status(), 400, "ROT-37: {text}");
        }
    }

    #[test]
    fn malformed_rotations() {
        for text in [
            "",
            "361",
            "360.1",
            "450",
            "-90",
            "+90",
            "1e2",
            "9e1",
            "NaN",
            "inf",
            "90deg",
            "90\u{b0}",
            "!",
            "!!0",
            "!!90",
            "90!",
            "0x5a",
            "90,0",
            "90.",
            ".",
            "1.2.3",
            " 90",
            "ninety",
            "99999999999999999999",
            "! 90",
        ] {
            let error = Rotation::parse(text).expect_err(text);
            assert_eq!(error.status(), 400, "ROT-40..55: {text}");
            assert!(error.to_string().starts_with("rotation: "), "{error}");
        }
    }
}
