//! What it takes to make the file of a plan from decoded pixels.

use super::super::{Colours, Plan};
use super::table::{self, Encoding};
use crate::picture::{Channels, Format, Orientation, Quality};

/// What scaling, colours, turning and encoding take.
#[derive(Clone, Copy, Default)]
pub(super) struct Made {
    /// Nanoseconds.
    pub(super) work: f64,
    /// Bytes of the whole picture before it is turned.
    pub(super) gathered: f64,
    /// Bytes at most from then on, for what is not written while it is made.
    pub(super) held: f64,
}

impl Plan {
    /// What making the file takes.
    pub(super) fn making(&self) -> Made {
        let (output, canvas) = (self.scaling.output().area() as f64, self.canvas().area() as f64);
        let pixel = self.sample_bytes() * self.written_samples();
        let gathered = output * self.sample_bytes() * self.samples();
        let encoding = self.encoding();
        let turned = if self.turns_rows() { gathered + canvas * pixel } else { 0.0 };
        Made {
            work: self.colouring()
                + self.scaling_work()
                + self.turning(canvas)
                + self.toning(canvas)
                + encoding.once
                + canvas * encoding.pixel,
            gathered,
            held: turned.max(encoding.held_once + canvas * (pixel + encoding.held)),
        }
    }

    fn colouring(&self) -> f64 {
        let pixel = match (self.channels, self.colours) {
            (Channels::Cmyk, _) => table::INKS,
            (_, Colours::AsStored) => 0.0,
            _ => table::CONVERTED,
        };
        self.scaling.window().dimensions().area() as f64 * pixel * self.depth_factor()
    }

    fn scaling_work(&self) -> f64 {
        if self.scaling.is_copy() {
            return 0.0;
        }
        let (from, to) =
            (self.scaling.window().dimensions().area() as f64, self.scaling.output().area() as f64);
        let alpha = if self.channels.has_alpha() { table::SCALED_ALPHA } else { 1.0 };
        let pixels = from * table::SCALED_FROM + to * table::SCALED_TO;
        pixels * self.samples() * alpha * self.depth_factor()
    }

    fn turning(&self, canvas: f64) -> f64 {
        let turned = if self.turn == Orientation::UPRIGHT { 0.0 } else { table::TURNED };
        let tilted = if self.tilt == 0.0 { 0.0 } else { table::TILTED };
        canvas * (turned + tilted) * self.samples() * self.depth_factor()
    }

    fn toning(&self, canvas: f64) -> f64 {
        let shades = match self.quality {
            Quality::Bitonal => table::GRAYED + table::BITONAL,
            Quality::Gray if self.channels.has_colour() => table::GRAYED,
            Quality::Default | Quality::Color | Quality::Gray => 0.0,
        };
        let is_flattened = self.paper.is_some() && self.channels.has_alpha();
        canvas * (shades + if is_flattened { table::FLATTENED } else { 0.0 })
    }

    fn encoding(&self) -> Encoding {
        let (settings, samples) = (&self.encodings, self.written_samples());
        let has_alpha = self.is_written_with_alpha();
        match self.format {
            Format::Jpg => table::jpeg(&settings.jpeg, settings.jpeg.quality, samples),
            Format::Pdf => table::jpeg(&settings.jpeg, settings.pdf.quality, samples),
            Format::Png => table::png(settings.png.compression, samples * self.sample_bytes()),
            Format::Tif => table::tiff(settings.tiff.compression, samples * self.sample_bytes()),
            Format::Webp => table::webp(&settings.webp, has_alpha),
            Format::Gif => table::gif(settings.gif.speed, self.is_written_in_colour()),
            Format::Jp2 => table::jp2(settings.jp2.lossless, samples),
            Format::Avif => table::avif(settings.avif.speed, has_alpha),
        }
    }

    /// Samples of a pixel once its colours are converted.
    fn samples(&self) -> f64 {
        if self.channels == Channels::Cmyk { 3.0 } else { self.channels.count() as f64 }
    }

    /// Samples of a pixel that is encoded.
    fn written_samples(&self) -> f64 {
        let colours = if self.is_written_in_colour() { 3.0 } else { 1.0 };
        colours + if self.is_written_with_alpha() { 1.0 } else { 0.0 }
    }

    fn is_written_in_colour(&self) -> bool {
        self.channels.has_colour() && matches!(self.quality, Quality::Default | Quality::Color)
    }

    fn is_written_with_alpha(&self) -> bool {
        self.paper.is_none() && (self.channels.has_alpha() || self.tilt != 0.0)
    }
}
