//! The numbers of the Image API (3.0 sections 4 and 4.7), read without floating point.
//! Strict: digits and one point, no sign, no exponent, no blanks. Exact: nothing is rounded before pixels are asked
//! for. A number of any length is either refused, or small enough that no later step can overflow.

use std::fmt;

/// Most digits that a number may have. A decimal of 28 digits times any 32-bit side, with what rounding adds, still
/// fits 128 bits; programs print fewer: 17 for a double, 28 for Python's `Decimal`. Longer ones are refused, not cut:
/// a cut number is another number.
const MOST_DIGITS: usize = 28;

/// A non-negative decimal number, exactly as it was written but for zeros at its ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// The number times ten to the power of `scale`; not a multiple of ten unless `scale` is 0.
    units: u128,
    /// Digits after the point.
    scale: u8,
}

impl Decimal {
    /// The number in `text`; None if it is no number.
    ///
    /// Section 4.7 demands "only decimal digits and '.'" and merely advises against `.5` and `0.50`, so both are read.
    /// `5.` is not: a point announces digits, and without them the number has more likely been cut off.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None if text.is_empty() => return None,
            None => (text, ""),
        };
        let fraction_digits = fraction.trim_end_matches('0');
        // The zero that `.5` leaves out counts, because it is printed.
        is_number(whole.len().max(1) + fraction.len(), whole.bytes().chain(fraction.bytes())).then_some(())?;
        let digits = whole.bytes().chain(fraction_digits.bytes());
        let units = digits.fold(0, |units: u128, digit| units * 10 + u128::from(digit - b'0'));
        Some(Self { units, scale: u8::try_from(fraction_digits.len()).ok()? })
    }

    /// Whether it is greater than `whole`.
    pub fn exceeds(self, whole: u32) -> bool {
        self.units > u128::from(whole) * self.denominator()
    }

    /// Whether it is less than `whole`.
    pub fn is_below(self, whole: u32) -> bool {
        self.units < u128::from(whole) * self.denominator()
    }

    /// So many percent of `side`, to the nearest whole number, halves up. What 64 bits cannot hold becomes their maximum.
    pub fn percent_of(self, side: u32) -> u64 {
        let hundred = 100 * self.denominator();
        let rounded = (self.units * u128::from(side) + hundred / 2) / hundred;
        u64::try_from(rounded).unwrap_or(u64::MAX)
    }

    /// Its value as a floating point number, the nearest but for the last bits.
    pub fn to_f64(self) -> f64 {
        self.units as f64 / self.denominator() as f64
    }

    /// How many times `whole` is in it, and what is left, exactly.
    pub(crate) fn divided_by(self, whole: u32) -> (u128, Self) {
        let divisor = u128::from(whole.max(1)) * self.denominator();
        (self.units / divisor, Self { units: self.units % divisor, scale: self.scale })
    }

    /// Its sum with a whole number, of which it must be known that 128 bits can hold it.
    pub(crate) fn plus(self, whole: u32) -> Self {
        Self { units: self.units + u128::from(whole) * self.denominator(), scale: self.scale }
    }

    fn denominator(self) -> u128 {
        10_u128.pow(self.scale.into())
    }
}

impl fmt::Display for Decimal {
    /// As section 4.8 has it: an integer if possible, a zero before the point, none at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.units / self.denominator(), self.units % self.denominator());
        match self.scale {
            0 => write!(f, "{whole}"),
            scale => write!(f, "{whole}.{fraction:0width$}", width = usize::from(scale)),
        }
    }
}

/// The number of pixels in `text`; None if it is no number. What 64 bits cannot hold becomes their maximum: more than
/// any image or limit has, which is all that can matter about it.
pub(crate) fn pixels(text: &str) -> Option<u64> {
    is_number(text.len(), text.bytes()).then(|| {
        text.bytes()
            .fold(0, |value: u64, digit| value.saturating_mul(10).saturating_add((digit - b'0').into()))
    })
}

/// Whether these bytes are digits, some, but not too many.
fn is_number(count: usize, mut bytes: impl Iterator<Item = u8>) -> bool {
    (1..=MOST_DIGITS).contains(&count) && bytes.all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).expect(text)
    }

    #[test]
    fn numbers_are_digits_and_a_point() {
        // FLOAT-01..04
        for (text, shown) in [
            ("0", "0"),
            ("90", "90"),
            ("90.0", "90"),
            ("0.50", "0.5"),
            (".5", "0.5"),
            ("007", "7"),
            ("33.3333333333", "33.3333333333"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("0.0000000001", "0.0000000001"),
            ("33.33333333333333333333333333", "33.33333333333333333333333333"),
        ] {
            assert_eq!(decimal(text).to_string(), shown, "{text}");
        }
        assert_eq!(decimal("90.0"), decimal("90"));
        assert_eq!(
            Decimal::parse(&format!(".{}1", "0".repeat(27))),
            None,
            "28 digits and the zero before them"
        );
    }

    #[test]
    fn everything_else_is_none() {
        let (long, longer) = ("9".repeat(29), "9".repeat(5000));
        for text in [
            "", ".", "5.", "1.2.3", "+5", "-5", "1e1", "1E1", "0x10", "nan", "NaN", "inf", "10px", "90deg",
            " 1", "1 ", "1,5", "1_000", "\u{0661}", "\u{ff11}", &long, &longer,
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
            assert_eq!(pixels(text), None, "{text}");
        }
        assert_eq!(pixels("1.0"), None, "pixels are whole");
    }

    #[test]
    fn percentages_are_rounded_once_and_never_overflow() {
        for (percent, side, expected) in [
            ("50", 601, 301),
            ("33.333", 600, 200),
            ("0.0833333333", 600, 0),
            ("0.0833333334", 600, 1),
            ("41.6", 600, 250),
            ("100", u32::MAX, u64::from(u32::MAX)),
            ("9999999999999999999999999999", u32::MAX, u64::MAX),
            ("0.000000000000000000000000001", u32::MAX, 0),
        ] {
            assert_eq!(decimal(percent).percent_of(side), expected, "{percent} of {side}");
        }
    }

    #[test]
    fn comparisons_are_exact() {
        assert!(decimal("360.0000000001").exceeds(360) && !decimal("360.0").exceeds(360));
        assert!(decimal("99.9999999999999999").is_below(100) && !decimal("100").is_below(100));
    }

    #[test]
    fn what_is_left_of_a_division_is_exact() {
        for (text, quarters, rest) in [
            ("360", 4, "0"),
            ("359.9999999999999999999999999", 3, "89.9999999999999999999999999"),
            ("0.000000000000000000000000001", 0, "0.000000000000000000000000001"),
            ("90.50", 1, "0.5"),
        ] {
            assert_eq!(decimal(text).divided_by(90), (quarters, decimal(rest)), "{text}");
            assert_eq!(decimal(rest).plus(quarters as u32 * 90), decimal(text));
        }
        assert!((decimal("22.5").to_f64() - 22.5).abs() < 1e-12);
    }

    #[test]
    fn huge_pixels_saturate() {
        assert_eq!(pixels("18446744073709551615"), Some(u64::MAX));
        assert_eq!(pixels("99999999999999999999999999"), Some(u64::MAX));
        assert_eq!(pixels("4294967296"), Some(1 << 32));
    }
}
