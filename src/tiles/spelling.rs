//! The names under which viewers ask for a part of an image of level 0, which has no server that would understand others.
//! Pure.
//!
//! A tile is asked for by the numbers of the implementation notes: `x,y,w,h/w,h` in 3.0, `x,y,w,h/w,` in 2.1. They differ
//! about what is the whole image: OpenSeadragon and those that are made of it (Mirador, Universal Viewer, TIFY) say `full`,
//! and `max` or `full` for its own size; OpenLayers says `full`, with numbers; Leaflet-IIIF says `0,0,w,h`. So the whole
//! image has a name for each of them.

use recto_iiif::Version;

use crate::picture::{Dimensions, Format, Rect};

/// A part of an image at a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) version: Version,
    pub(super) image: Dimensions,
    pub(super) region: Rect,
    pub(super) size: Dimensions,
    /// Whether it is the whole image in the largest size that there is of it: `max`.
    pub(super) is_largest: bool,
}

impl Asked {
    /// All its names, as paths below the image's own, that of the standard's notes first.
    pub(super) fn paths(&self, format: Format) -> Vec<String> {
        let path = |region: &str, size: &str| format!("{region}/{size}/0/default.{format}");
        let region = self.region.to_string();
        let numbers = self.numbers();
        if self.region == Rect::whole(self.image) {
            let mut paths: Vec<String> = self.sizes().iter().map(|size| path("full", size)).collect();
            paths.push(path(&region, &numbers));
            return paths;
        }
        let mut paths = vec![path(&region, &numbers)];
        // OpenSeadragon takes a tile as wide as the image for the image.
        let is_own_size = self.size == self.region.dimensions() && self.size.width == self.image.width;
        if self.version == Version::V2 && is_own_size {
            paths.push(path(&region, "full"));
        }
        paths
    }

    /// The size of the whole image in all words.
    fn sizes(&self) -> Vec<String> {
        let Dimensions { width, height } = self.size;
        let is_own_size = self.size == self.image;
        let mut sizes = vec![self.numbers()];
        match self.version {
            // Mirador's thumbnails have both sides.
            Version::V2 => sizes.push(format!("{width},{height}")),
            Version::V3 => {}
        }
        if self.version == Version::V2 && is_own_size {
            sizes.push("full".to_owned());
        }
        if self.is_largest || is_own_size {
            sizes.push("max".to_owned());
        }
        sizes
    }

    fn numbers(&self) -> String {
        let Dimensions { width, height } = self.size;
        match self.version {
            Version::V2 => format!("{width},"),
            Version::V3 => format!("{width},{height}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_viewer_finds_its_own_name() {
        let image = Dimensions::new(300, 200);
        let asked = |version, region, (width, height), is_largest| Asked {
            version,
            image,
            region,
            size: Dimensions::new(width, height),
            is_largest,
        };
        let whole = Rect::whole(image);
        for (asked, expected) in [
            (asked(Version::V3, Rect::new(256, 0, 44, 200), (44, 200), false), vec!["256,0,44,200/44,200"]),
            (asked(Version::V2, Rect::new(256, 0, 44, 200), (44, 200), false), vec!["256,0,44,200/44,"]),
            (
                asked(Version::V2, Rect::new(0, 0, 300, 128), (300, 128), false),
                vec!["0,0,300,128/300,", "0,0,300,128/full"],
            ),
            (asked(Version::V3, whole, (150, 100), false), vec!["full/150,100", "0,0,300,200/150,100"]),
            (
                asked(Version::V3, whole, (150, 100), true),
                vec!["full/150,100", "full/max", "0,0,300,200/150,100"],
            ),
            (
                asked(Version::V3, whole, (300, 200), true),
                vec!["full/300,200", "full/max", "0,0,300,200/300,200"],
            ),
            (
                asked(Version::V2, whole, (150, 100), false),
                vec!["full/150,", "full/150,100", "0,0,300,200/150,"],
            ),
            (
                asked(Version::V2, whole, (300, 200), true),
                vec!["full/300,", "full/300,200", "full/full", "full/max", "0,0,300,200/300,"],
            ),
        ] {
            let paths = asked.paths(Format::Png);
            let expected: Vec<_> = expected.iter().map(|path| format!("{path}/0/default.png")).collect();
            assert_eq!(paths, expected);
        }
    }
}
