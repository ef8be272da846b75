//! The size parameter: its grammar in both versions (Image API 3.0 and 2.1, section 4.2).
//! What a size means in pixels is decided in `service`, once the region is known.
//! 3.0 has `max` and the upscaling sign `^`; 2.1 has `max` and `full`, and needs no sign.

use std::fmt;

use crate::Version;
use crate::error::{Error, quoted};
use crate::number::{self, Decimal};

/// How large the region is returned, as the URL says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// `^`: the region may be enlarged. Only 3.0 has the sign; 2.1 leaves it false and enlarges without.
    pub upscaling: bool,
    /// What comes after the sign.
    pub form: SizeForm,
}

/// The forms of a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SizeForm {
    /// `full`: as large as the region. Only 2.1 has it.
    Full,
    /// `max`: as large as the limits allow.
    Max,
    /// `w,`: exactly so wide, the ratio kept.
    Width(u64),
    /// `,h`: exactly so high, the ratio kept.
    Height(u64),
    /// `pct:n`: in percent of the region's sides.
    Percent(Decimal),
    /// `w,h`: exactly so wide and so high.
    Exact(u64, u64),
    /// `!w,h`: as large as a box of this width and height can hold, the ratio kept.
    Confined(u64, u64),
}

impl Size {
    /// The size that a decoded segment names.
    ///
    /// # Errors
    /// [`Error::Request`] if it is none of the forms that this version has.
    pub(crate) fn parse(text: &str, version: Version) -> Result<Self, Error> {
        let (upscaling, form) = match (text.strip_prefix('^'), version) {
            (Some(form), Version::V3) => (true, form),
            _ => (false, text),
        };
        let rule = match version {
            Version::V3 => "is not max, w,h w, ,h !w,h or pct:n with plain numbers, or ^ and one of these",
            Version::V2 => "is not full, max, w,h w, ,h !w,h or pct:n with plain numbers",
        };
        SizeForm::parse(form, version)
            .map(|form| Self { upscaling, form })
            .ok_or_else(|| Error::request("size", format!("{} {rule}", quoted(text))))
    }
}

impl SizeForm {
    fn parse(text: &str, version: Version) -> Option<Self> {
        match text {
            "max" => return Some(Self::Max),
            "full" => return (version == Version::V2).then_some(Self::Full),
            _ => {}
        }
        if let Some(percent) = text.strip_prefix("pct:") {
            return Decimal::parse(percent).map(Self::Percent);
        }
        if let Some(sides) = text.strip_prefix('!') {
            let (width, height) = sides.split_once(',')?;
            return Some(Self::Confined(number::pixels(width)?, number::pixels(height)?));
        }
        Some(match text.split_once(',')? {
            (width, "") => Self::Width(number::pixels(width)?),
            ("", height) => Self::Height(number::pixels(height)?),
            (width, height) => Self::Exact(number::pixels(width)?, number::pixels(height)?),
        })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.upscaling { "^" } else { "" })?;
        match self.form {
            SizeForm::Full => f.write_str("full"),
            SizeForm::Max => f.write_str("max"),
            SizeForm::Width(width) => write!(f, "{width},"),
            SizeForm::Height(height) => write!(f, ",{height}"),
            SizeForm::Percent(percent) => write!(f, "pct:{percent}"),
            SizeForm::Exact(width, height) => write!(f, "{width},{height}"),
            SizeForm::Confined(width, height) => write!(f, "!{width},{height}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Version::{V2, V3};

    #[track_caller]
    fn check(rule: &str, version: Version, text: &str, expected: Option<(bool, SizeForm)>) {
        let parsed = Size::parse(text, version);
        match expected {
            Some((upscaling, form)) => {
                assert_eq!(parsed.expect(rule), Size { upscaling, form }, "{rule}: {text}")
            }
            None => {
                let error = parsed.expect_err(text);
                assert_eq!(error.status(), 400, "{rule}: {text}");
                assert!(error.to_string().starts_with("size: "), "{rule}: {error}");
            }
        }
    }

    #[test]
    fn every_form() {
        use SizeForm::{Confined, Exact, Full, Height, Max, Percent, Width};
        let half = Percent(Decimal::parse("50").expect("50"));
        for (rule, text, form) in [
            ("SIZE-01..03", "max", Max),
            ("SIZE-04..09", "150,", Width(150)),
            ("SIZE-04..09", ",150", Height(150)),
            ("SIZE-10..14", "pct:50.0", half),
            ("SIZE-15..19", "225,100", Exact(225, 100)),
            ("SIZE-20..23", "!225,100", Confined(225, 100)),
            ("SIZE-65..67", "99999999999999999999,", Width(u64::MAX)),
        ] {
            check(rule, V2, text, Some((false, form)));
            check(rule, V3, text, Some((false, form)));
            check("IMG3-SIZE-80..90", V3, &format!("^{text}"), Some((true, form)));
            check("no ^ in 2.1", V2, &format!("^{text}"), None);
        }
        check("SIZE-01..03", V2, "full", Some((false, Full)));
        check("IMG3-SIZE-76", V3, "full", None);
    }

    #[test]
    fn malformed_sizes() {
        let huge = format!("{},", "9".repeat(5000));
        for text in [
            "",
            ",",
            "!",
            "!,",
            "!100,",
            "!,100",
            "100",
            "1,2,3",
            "100,,",
            ",,100",
            "-1,",
            ",-1",
            "1.5,",
            "100.0,100",
            "+100,",
            "0x10,",
            "1e2,",
            "nan,",
            ",inf",
            "pct:",
            "pct:-1",
            "pct:+1",
            "pct:1e1",
            "pct:50%",
            "pct:50,50",
            "PCT:50",
            "Max",
            "MAX",
            "FULL",
            "100px,",
            "100, 100",
            " 100,",
            "max,",
            "!max",
            "!pct:50",
            "!!1,1",
            "100;100",
            &huge,
        ] {
            check("SIZE-40..59", V3, text, None);
            check("SIZE-40..59", V2, text, None);
        }
        for text in
            ["^", "^^", "^^max", "!^100,100", "^full", ",^100", "100^,", "max^", "^,", "^!", "^100", "^pct:"]
        {
            check("IMG3-SIZE-91..98", V3, text, None);
        }
    }
}
