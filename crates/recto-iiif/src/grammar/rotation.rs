//! The rotation parameter: mirror, then degrees clockwise (Image API 3.0 and 2.1, section 4.3).
//! The grammar holds every angle from 0 to 360. Quarter turns only move pixels and are always served; a mirror and
//! other angles are where the offer has them.

use std::fmt;

use crate::error::{Error, quoted};
use crate::{Decimal, Offer, Orientation};

/// Degrees of a quarter turn.
const QUARTER: u32 = 90;

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
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
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

    /// The turn to carry out: the quarter turns in it, and the degrees beyond them, less than 90.
    ///
    /// # Errors
    /// [`Error::Request`] for an angle that is not offered; section 4.3 makes that a 400 as well.
    /// [`Error::NotImplemented`] for a mirror that is not offered. This is the one place that refuses them.
    pub(crate) fn turn(self, offer: &Offer) -> Result<(Orientation, Decimal), Error> {
        let (quarters, tilt) = self.degrees.divided_by(QUARTER);
        if tilt != Decimal::default() && !offer.arbitrary_rotation {
            let rule = "is not supported: turns are multiples of 90 degrees here";
            return Err(Error::request("rotation", format!("\"{self}\" {rule}")));
        }
        if self.mirrored && !offer.mirroring {
            return Err(Error::NotImplemented(format!("rotation: \"{self}\": this server does not mirror")));
        }
        // 360 degrees are four quarters, and none.
        let quarters = (quarters % 4) as u8;
        Ok((Orientation { mirrored: self.mirrored, quarters }, tilt))
    }

    /// The rotation that [`Rotation::turn`] takes apart.
    pub(crate) fn of(orientation: Orientation, tilt: Decimal) -> Self {
        let quarters = u32::from(orientation.quarters) * QUARTER;
        Self { mirrored: orientation.mirrored, degrees: tilt.plus(quarters) }
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
            let turn = Rotation::parse(text).and_then(|rotation| rotation.turn(&Offer::default()));
            let expected = (Orientation { mirrored, quarters }, Decimal::default());
            assert_eq!(turn.expect(rule), expected, "{rule}: {text}");
        }
    }

    #[test]
    fn other_angles_are_quarters_and_a_rest() {
        for (text, quarters, rest, again) in [
            ("22.5", 0, "22.5", "22.5"),
            ("!45.0", 0, "45", "!45"),
            ("359.9999999999", 3, "89.9999999999", "359.9999999999"),
            (".5", 0, "0.5", "0.5"),
            ("!90.10", 1, "0.1", "!90.1"),
        ] {
            let (orientation, tilt) =
                Rotation::parse(text).and_then(|rotation| rotation.turn(&Offer::default())).expect(text);
            assert_eq!(
                (orientation.quarters, tilt.to_string().as_str()),
                (quarters, rest),
                "ROT-30..35: {text}"
            );
            assert_eq!(Rotation::of(orientation, tilt).to_string(), again, "CANON-01..16: {text}");
        }
    }

    #[test]
    fn what_is_not_offered_is_refused() {
        let none = Offer { arbitrary_rotation: false, mirroring: false, ..Offer::default() };
        let turn = |text: &str| Rotation::parse(text).and_then(|rotation| rotation.turn(&none));
        assert_eq!(turn("22.5").expect_err("ROT-37").status(), 400);
        assert_eq!(turn("!22.5").expect_err("ROT-37").status(), 400);
        assert_eq!(turn("!90").expect_err("ROT-20..25").status(), 501);
        assert!(turn("270.0").is_ok());
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
