//! What is shared by all that reads JPEG: whether libjpeg-turbo has decoded a stream; and where the blocks of one lie,
//! for those who take some of its MCUs without decoding them: cuts of stored tiles, windows of flat files.
//! Pure.

pub(crate) mod bits;
pub(crate) mod dht;
pub(crate) mod huffman;
pub(crate) mod mcu;
pub(crate) mod walk;

use crate::error::MasterError;

/// The outcome of decoding `stream`: pixels, or a damaged master. A warning of the library is damage, since it fills
/// in for what is missing. Only zeros between the last scan and the end of the stream are none: some scanners pad
/// their files so, and every pixel is there.
///
/// # Errors
/// [`MasterError::Damaged`] with the words of the library.
pub fn decoded(outcome: turbojpeg::Result<()>, stream: &[u8]) -> Result<(), MasterError> {
    match outcome {
        Err(error) if !is_padding(&error.to_string(), stream) => {
            Err(MasterError::damaged(format!("JPEG data: {error}")))
        }
        _ => Ok(()),
    }
}

/// Whether the library complains of nothing but zeros before EOI. It tells its first complaint, and nothing follows EOI.
fn is_padding(complaint: &str, stream: &[u8]) -> bool {
    let counted = complaint.strip_suffix(" extraneous bytes before marker 0xd9");
    let count = counted.and_then(|text| text.rsplit(' ').next()?.parse::<usize>().ok());
    let end = stream.windows(2).rposition(|marker| marker == [0xff, 0xd9]);
    let padding = count.zip(end).and_then(|(count, end)| stream.get(end.checked_sub(count)?..end));
    padding.is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0))
}

#[cfg(test)]
mod tests {
    use turbojpeg::{Image, PixelFormat};

    use super::*;

    fn decode(stream: &[u8]) -> Result<Vec<u8>, MasterError> {
        let mut pixels = vec![0; 64 * 64];
        let image =
            Image { pixels: &mut pixels[..], width: 64, pitch: 64, height: 64, format: PixelFormat::GRAY };
        let mut decoder = turbojpeg::Decompressor::new().expect("a decoder");
        decoded(decoder.decompress(stream, image), stream).map(|()| pixels)
    }

    #[test]
    fn zeros_before_the_end_are_no_damage_and_all_else_is() {
        let pixels: Vec<u8> = (0..64 * 64).map(|n| (n / 64 * 3 + n % 64) as u8).collect();
        let image =
            Image { pixels: &pixels[..], width: 64, pitch: 64, height: 64, format: PixelFormat::GRAY };
        let plain = turbojpeg::compress(image, 90, turbojpeg::Subsamp::Gray).expect("a JPEG").to_vec();
        let whole = decode(&plain).expect("whole");
        let body = &plain[..plain.len() - 2];
        for zeros in [1, 2, 700] {
            let padded = [body, &vec![0; zeros], &[0xff, 0xd9]].concat();
            assert_eq!(decode(&padded), Ok(whole.clone()), "{zeros} zeros");
        }
        for wrong in [
            [body, &[0, 7, 0, 0xff, 0xd9]].concat(),
            [&body[..body.len() - 40], &[0xff, 0xd9]].concat(),
            [&body[..body.len() - 40], &[0, 0, 0, 0xff, 0xd9]].concat(),
            body[..body.len() - 40].to_vec(),
        ] {
            assert!(decode(&wrong).is_err(), "{} of {} bytes", wrong.len(), plain.len());
        }
    }
}
