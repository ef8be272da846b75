//! The region parameter: which part of the image (Image API 3.0 and 2.1, section 4.1).
//! Its grammar, and the pixels it means on an image of known size, as the image is shown.
//! A region over an edge is cropped; one without any pixel of the image is an error.

use std::fmt;

use crate::error::{Error, quoted};
use crate::number::{self, Decimal};
use crate::{Dimensions, Rect};

/// A part of an image, as the URL names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Region {
    /// `full`: all of it.
    Full,
    /// `square`: the square on the shorter side, in the middle of the longer one.
    Square,
    /// `x,y,w,h` in pixels.
    Pixels {
        /// Columns to its left.
        x: u64,
        /// Rows above it.
        y: u64,
        /// Number of columns.
        width: u64,
        /// Number of rows.
        height: u64,
    },
    /// `pct:x,y,w,h` in percent of the image's width and height.
    Percent {
        /// What is to its left.
        x: Decimal,
        /// What is above it.
        y: Decimal,
        /// Its width.
        width: Decimal,
        /// Its height.
        height: Decimal,
    },
}

impl Region {
    /// The region that a decoded segment names.
    ///
    /// # Errors
    /// [`Error::Request`] if it is none of the four forms.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let parsed =
            match text {
                "full" => Some(Self::Full),
                "square" => Some(Self::Square),
                _ => match text.strip_prefix("pct:") {
                    Some(numbers) => four(numbers, Decimal::parse)
                        .map(|[x, y, width, height]| Self::Percent { x, y, width, height }),
                    None => four(text, number::pixels).map(|[x, y, width, height]| Self::Pixels {
                        x,
                        y,
                        width,
                        height,
                    }),
                },
            };
        let rule = "is not full, square, x,y,w,h or pct:x,y,w,h with plain numbers";
        parsed.ok_or_else(|| Error::request("region", format!("{} {rule}", quoted(text))))
    }

    /// The pixels of an image of these dimensions that it means.
    ///
    /// # Errors
    /// [`Error::Request`] if it has no width or height, or lies wholly outside.
    pub(crate) fn locate(self, image: Dimensions) -> Result<Rect, Error> {
        let ((x, width), (y, height)) = match self {
            Self::Full => return Ok(Rect::whole(image)),
            Self::Square => return Ok(central_square(image)),
            Self::Pixels { x, y, width, height } => ((x, width), (y, height)),
            Self::Percent { x, y, width, height } => {
                (percentages(x, width, image.width), percentages(y, height, image.height))
            }
        };
        if width == 0 || height == 0 {
            return Err(Error::request("region", format!("\"{self}\" is less than one pixel wide or high")));
        }
        let outside =
            || Error::request("region", format!("\"{self}\" is outside the image of {image} pixels"));
        let (x, width) = cropped(x, width, image.width).ok_or_else(outside)?;
        let (y, height) = cropped(y, height, image.height).ok_or_else(outside)?;
        Ok(Rect::new(x, y, width, height))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("full"),
            Self::Square => f.write_str("square"),
            Self::Pixels { x, y, width, height } => write!(f, "{x},{y},{width},{height}"),
            Self::Percent { x, y, width, height } => write!(f, "pct:{x},{y},{width},{height}"),
        }
    }
}

/// Four numbers with commas between them, no more and no fewer.
fn four<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<[T; 4]> {
    let mut parts = text.split(',');
    let mut next = || parts.next().and_then(&read);
    let numbers = [next()?, next()?, next()?, next()?];
    parts.next().is_none().then_some(numbers)
}

/// Start and length on one axis, each to the nearest pixel. A start before the end of the image stays before it:
/// 99.99% of 600 pixels is not outside.
fn percentages(start: Decimal, length: Decimal, side: u32) -> (u64, u64) {
    let nearest = start.percent_of(side);
    let last = u64::from(side).saturating_sub(1);
    (if start.is_below(100) { nearest.min(last) } else { nearest }, length.percent_of(side))
}

/// What of `length` pixels from `start` lies on a side of the image, if anything does.
fn cropped(start: u64, length: u64, side: u32) -> Option<(u32, u32)> {
    let start = u32::try_from(start).ok().filter(|start| *start < side)?;
    let room = side - start;
    Some((start, u32::try_from(length).map_or(room, |length| length.min(room))))
}

fn central_square(image: Dimensions) -> Rect {
    let side = image.width.min(image.height);
    Rect::new((image.width - side) / 2, (image.height - side) / 2, side, side)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: Dimensions = Dimensions::new(600, 400);

    #[track_caller]
    fn check(rule: &str, text: &str, image: Dimensions, expected: Option<(u32, u32, u32, u32)>) {
        let located = Region::parse(text).and_then(|region| region.locate(image));
        match expected {
            Some((x, y, w, h)) => assert_eq!(located.expect(rule), Rect::new(x, y, w, h), "{rule}: {text}"),
            None => {
                let error = located.expect_err(rule);
                assert_eq!(error.status(), 400, "{rule}: {text}");
                assert!(error.to_string().starts_with("region: "), "{rule}: {error}");
                assert!(error.to_string().len() < 320, "{rule}: {error}");
            }
        }
    }

    #[test]
    fn regions_that_are_served() {
        let odd = Dimensions::new(601, 401);
        for (rule, text, image, expected) in [
            ("REGION-01", "full", IMAGE, (0, 0, 600, 400)),
            ("REGION-02..14", "0,0,600,400", IMAGE, (0, 0, 600, 400)),
            ("REGION-02..14", "125,15,120,140", IMAGE, (125, 15, 120, 140)),
            ("REGION-02..14", "599,399,1,1", IMAGE, (599, 399, 1, 1)),
            ("REGION-10..13", "500,300,200,200", IMAGE, (500, 300, 100, 100)),
            ("REGION-10..13", "0,0,601,400", IMAGE, (0, 0, 600, 400)),
            ("REGION-20..25", "pct:41.6,7.5,40,70", IMAGE, (250, 30, 240, 280)),
            ("REGION-20..25", "pct:0,0,100,100", IMAGE, (0, 0, 600, 400)),
            ("REGION-20..25", "pct:41.6,7.5,66.6,100", IMAGE, (250, 30, 350, 370)),
            ("REGION-20..25", "pct:33.3333333333,0.0,33.3333333333,.5", IMAGE, (200, 0, 200, 2)),
            ("REGION-20..25", "pct:0,0,50,50", odd, (0, 0, 301, 201)),
            ("REGION-20..25", "pct:50,50,50,50", odd, (301, 201, 300, 200)),
            ("REGION-20..25", "pct:99.99,99.99,10,10", IMAGE, (599, 399, 1, 1)),
            ("REGION-30..31", "square", IMAGE, (100, 0, 400, 400)),
            ("REGION-30..31", "square", Dimensions::new(5, 8), (0, 1, 5, 5)),
            ("REGION-70..72", "0,0,4294967296,4294967296", IMAGE, (0, 0, 600, 400)),
            ("REGION-70..72", "10,10,18446744073709551615,99999999999999999999", IMAGE, (10, 10, 590, 390)),
            ("ONE", "0,0,1,1", Dimensions::new(1, 1), (0, 0, 1, 1)),
            ("ONE", "pct:50,50,50,50", Dimensions::new(1, 1), (0, 0, 1, 1)),
            ("THIN", "pct:0,0,10,50", Dimensions::new(10_000, 1), (0, 0, 1000, 1)),
        ] {
            check(rule, text, image, Some(expected));
        }
    }

    #[test]
    fn regions_without_pixels() {
        for (rule, text) in [
            ("REGION-40..48", "0,0,0,100"),
            ("REGION-40..48", "0,0,100,0"),
            ("REGION-40..48", "600,0,10,10"),
            ("REGION-40..48", "0,400,10,10"),
            ("REGION-40..48", "1000,1000,10,10"),
            ("REGION-40..48", "pct:0,0,0,10"),
            ("REGION-40..48", "pct:100,0,10,10"),
            ("REGION-40..48", "pct:0,150,10,10"),
            ("REGION-40..48", "pct:0,0,0.001,0.001"),
            ("REGION-70..72", "4294967296,0,10,10"),
            ("REGION-70..72", "18446744073709551616,0,10,10"),
        ] {
            check(rule, text, IMAGE, None);
        }
    }

    #[test]
    fn malformed_regions() {
        let huge = format!("0,0,{},1", "9".repeat(5000));
        for text in [
            "",
            "Full",
            "FULL",
            "SQUARE",
            "all",
            "0,0,10",
            "0,0,10,10,10",
            "0,0,10,",
            ",0,10,10",
            "0,0,,10",
            "-1,0,10,10",
            "0,0,-10,10",
            "0.5,0,10,10",
            "0,0,10.0,10",
            "+1,0,10,10",
            "0x10,0,10,10",
            "1e1,0,10,10",
            "nan,0,10,10",
            "0,0,inf,10",
            "0, 0,10,10",
            "0;0;10;10",
            "pct:",
            "pct:0,0,10",
            "pct:0,0,10,10,10",
            "pct:-1,0,10,10",
            "pct:0,0,1e1,10",
            "pct:0,0,NaN,10",
            "pct:+1,0,10,10",
            "pct:0,0,10%,10",
            "PCT:0,0,10,10",
            "pct0,0,10,10",
            "pct:full",
            "square,",
            "0,0,10,10/",
            "\u{662},0,10,10",
            &huge,
        ] {
            check("REGION-50..67", text, IMAGE, None);
        }
    }
}
