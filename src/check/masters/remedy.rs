//! What mends masters: the one place where the commands are worded.

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
    /// The command that writes a better master beside the one at `file`, which it leaves as it is. Each page of several
    /// becomes a file.
    pub(super) fn command(self, file: &str) -> String {
        let (ending, wishes) = match self {
            Self::Pyramid(Layout::Jpeg) => ("pyramid.tif", ""),
            Self::Pyramid(Layout::Deflate) => ("pyramid.tif", " --for archive"),
            Self::PacketLengths => ("plt.jp2", " --for archive"),
        };
        format!("recto convert {} -o {}{wishes}", quoted(file), quoted(&beside(file, ending)))
    }
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
