//! What results are to be, as it is said on the command line.

use std::path::Path;

use clap::ValueEnum;

use crate::convert::{self, Big, Compression, Container, Purpose, Wish};

/// What results are.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What results are")]
pub(super) struct Form {
    /// What they are for, which decides on all that is not named
    #[arg(long = "for", value_name = "PURPOSE", value_enum, default_value_t = For::Speed)]
    purpose: For,

    /// Their format [default: tif, or as OUT ends]
    #[arg(long, value_enum)]
    to: Option<To>,

    /// Width and height of tiles in pixels: a multiple of 16 [default: 256, for object-store and in JP2 512]
    #[arg(long, value_name = "PIXELS")]
    tile: Option<u32>,

    /// How pixels are compressed [default: jpeg, for archive deflate; without loss what JPEG cannot hold]
    #[arg(long, value_enum)]
    compression: Option<Scheme>,

    /// The quality of JPEG, WebP and JPEG 2000, 1 to 100
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: Option<u8>,

    /// How many colours JPEG keeps
    #[arg(long, value_enum)]
    subsampling: Option<Sampling>,

    /// How many levels [default: until one is a single tile]
    #[arg(long, value_name = "NUMBER")]
    levels: Option<u32>,

    /// Put smaller levels into SubIFDs rather than into a chain of directories
    #[arg(long)]
    subifd: bool,

    /// Whether TIFF is BigTIFF
    #[arg(long, value_enum)]
    bigtiff: Option<Size>,

    /// Make smaller levels of the light that pixels stand for rather than of their numbers: right, and slower
    #[arg(long)]
    linear: bool,

    /// Encode everything anew, even what could be kept as it is stored
    #[arg(long)]
    anew: bool,

    /// Decode each result, compare it with its source, and store a checksum of its pixels [default for archive]
    #[arg(long)]
    verify: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum For {
    /// To be served: tiles that are sent as they are stored
    Speed,
    /// To be kept: nothing is lost, and results are verified
    Archive,
    /// To be served from far away: few and large tiles, and at the beginning all that says where they lie
    ObjectStore,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum To {
    /// A tiled pyramid in TIFF
    Tif,
    /// JPEG 2000
    Jp2,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Scheme {
    None,
    Lzw,
    Deflate,
    Zstd,
    Jpeg,
    Webp,
    WebpLossless,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sampling {
    /// All
    #[value(name = "444")]
    All,
    /// Half, of two beside each other one
    #[value(name = "422")]
    Half,
    /// A quarter, of two by two one
    #[value(name = "420")]
    Quarter,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Size {
    /// Where it may pass 4 GiB
    Auto,
    Always,
    Never,
}

impl Form {
    /// As a plain value; the name of the result may say its format.
    pub(super) fn wish(&self, output: &Path) -> Wish {
        let purpose = match self.purpose {
            For::Speed => Purpose::Speed,
            For::Archive => Purpose::Archive,
            For::ObjectStore => Purpose::ObjectStore,
        };
        let mut wish = Wish::of(purpose).to(self.container(output));
        wish.compression = self.compression.map(Scheme::compression).or(wish.compression);
        wish.tile_side = self.tile.unwrap_or(wish.tile_side);
        wish.quality = self.quality.unwrap_or(wish.quality);
        wish.subsampling = self.subsampling.map_or(wish.subsampling, Sampling::subsampling);
        wish.levels = self.levels.or(wish.levels);
        wish.big = self.bigtiff.map_or(wish.big, Size::big);
        wish.sub_ifds |= self.subifd;
        wish.linear |= self.linear;
        wish.anew |= self.anew;
        wish.verify |= self.verify;
        wish
    }

    /// As it is said, or as the name of the result does.
    fn container(&self, output: &Path) -> Container {
        let ends_so = output.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("jp2"));
        match self.to {
            Some(To::Jp2) => Container::Jp2,
            None if ends_so && !output.is_dir() => Container::Jp2,
            Some(To::Tif) | None => Container::Tiff,
        }
    }
}

impl Scheme {
    fn compression(self) -> Compression {
        match self {
            Self::None => Compression::None,
            Self::Lzw => Compression::Lzw,
            Self::Deflate => Compression::Deflate,
            Self::Zstd => Compression::Zstd,
            Self::Jpeg => Compression::Jpeg,
            Self::Webp => Compression::WebP,
            Self::WebpLossless => Compression::WebPLossless,
        }
    }
}

impl Sampling {
    fn subsampling(self) -> convert::Subsampling {
        match self {
            Self::All => convert::Subsampling::S444,
            Self::Half => convert::Subsampling::S422,
            Self::Quarter => convert::Subsampling::S420,
        }
    }
}

impl Size {
    fn big(self) -> Big {
        match self {
            Self::Auto => Big::Auto,
            Self::Always => Big::Always,
            Self::Never => Big::Never,
        }
    }
}
