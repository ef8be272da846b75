//! What mends masters: the one place where the commands are worded.

use super::outcome::Picture;

/// A file of so many bytes of pixels needs the offsets of BigTIFF, whatever compression saves.
const BIG: u64 = 3 << 30;

/// A layout in which a picture is quick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// A pyramid of JPEG tiles, which are sent as they are stored: for what has lost something already.
    Jpeg,
    /// A pyramid of tiles without loss.
    Deflate,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// A pyramid is to be made of it.
    Pyramid(Layout),
    /// It is to be written again as JPEG 2000 without loss, with what tells where packets are.
    PacketLengths,
}

impl Remedy {
    /// The command that writes a better master beside the one at `file`, which it leaves as it is.
    /// `are_alike` tells whether all of its pages have one size.
    pub(super) fn command(self, file: &str, picture: &Picture, are_alike: impl FnOnce() -> bool) -> String {
        match self {
            Self::Pyramid(layout) if picture.pages > 1 && !are_alike() => {
                let pages = picture.pages;
                let (from, to) = (format!("{}\"[page=$page]\"", quoted(file)), stem(file));
                let to = format!("{}\".$((page + 1)).pyramid.tif\"", quoted(to));
                format!(
                    "for page in $(seq 0 {}); do {}; done",
                    pages - 1,
                    pyramid(layout, &from, &to, picture, 1)
                )
            }
            Self::Pyramid(layout) => {
                let all_pages = if picture.pages > 1 { "[n=-1]" } else { "" };
                let (from, to) =
                    (quoted(&format!("{file}{all_pages}")), quoted(&beside(file, "pyramid.tif")));
                pyramid(layout, &from, &to, picture, picture.pages)
            }
            Self::PacketLengths => packet_lengths(file, picture),
        }
    }
}

/// libvips: tiles of 256 pixels and all smaller levels, of so many pages.
fn pyramid(layout: Layout, from: &str, to: &str, picture: &Picture, pages: u32) -> String {
    let compression = match layout {
        Layout::Jpeg => "jpeg --Q 85",
        Layout::Deflate => "deflate --predictor horizontal",
    };
    let sample_bytes = u64::from(picture.bits.div_ceil(8)) * u64::from(picture.samples);
    let pixels = u64::from(picture.width) * u64::from(picture.height) * u64::from(pages);
    let big = if pixels.saturating_mul(sample_bytes) > BIG { " --bigtiff" } else { "" };
    format!(
        "vips tiffsave {from} {to} --tile --tile-width 256 --tile-height 256 --pyramid --compression \
         {compression}{big}"
    )
}

/// OpenJPEG: through a TIFF without loss.
fn packet_lengths(file: &str, picture: &Picture) -> String {
    let (from, between) = (quoted(file), quoted(&beside(file, "plain.tif")));
    let to = quoted(&beside(file, "plt.jp2"));
    let resolutions = picture.jpeg2000.as_ref().map_or(6, |codestream| codestream.halvings + 1);
    format!(
        "opj_decompress -i {from} -o {between} && opj_compress -i {between} -o {to} -n {resolutions} -b 64,64 -p RPCL \
         -PLT -TLM"
    )
}

/// The name of a file beside another: `leaf.pyramid.tif` for `leaf.jpg`.
fn beside(file: &str, ending: &str) -> String {
    format!("{}.{ending}", stem(file))
}

/// A path without the extension of its last name.
fn stem(file: &str) -> &str {
    let name = file.rfind('/').map_or(0, |slash| slash + 1);
    let end = file[name..].rfind('.').filter(|dot| *dot > 0).map_or(file.len(), |dot| name + dot);
    &file[..end]
}

/// A name as a shell takes it for one word, and no program for an option.
fn quoted(name: &str) -> String {
    let name = if name.starts_with('-') { format!("./{name}") } else { name.to_owned() };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+,:@%".contains(&byte);
    match !name.is_empty() && name.bytes().all(is_plain) {
        true => name,
        false => format!("'{}'", name.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_word_for_a_shell() {
        for (name, word) in [
            ("maps/a-1.tif", "maps/a-1.tif"),
            ("a b.tif", "'a b.tif'"),
            ("it's.tif", "'it'\\''s.tif'"),
            ("-a.tif", "./-a.tif"),
            ("$(x).tif", "'$(x).tif'"),
            ("ä.tif", "'ä.tif'"),
        ] {
            assert_eq!(quoted(name), word);
        }
    }

    #[test]
    fn a_new_file_has_a_name_of_its_own() {
        for (file, name) in [
            ("a.b/leaf.jpg", "a.b/leaf.pyramid.tif"),
            ("a.b/leaf", "a.b/leaf.pyramid.tif"),
            ("leaf.tif", "leaf.pyramid.tif"),
            ("a/.tif", "a/.tif.pyramid.tif"),
        ] {
            assert_eq!(beside(file, "pyramid.tif"), name);
        }
    }
}
