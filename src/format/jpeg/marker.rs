//! The markers of a JPEG with their parameters: whatever reads JPEG goes from one to the next by [`next`], which finds them as
//! libjpeg does, or by [`here`], which is strict. Pure. ITU-T T.81 B.1.1.

use memchr::memchr;

use crate::error::MasterError;

// The second bytes of markers, by the names of T.81 table B.1.
pub(crate) const TEM: u8 = 0x01;
pub(crate) const SOF0: u8 = 0xc0;
pub(crate) const SOF1: u8 = 0xc1;
pub(crate) const SOF2: u8 = 0xc2;
pub(crate) const SOF3: u8 = 0xc3;
pub(crate) const DHT: u8 = 0xc4;
pub(crate) const JPG: u8 = 0xc8;
pub(crate) const SOF9: u8 = 0xc9;
pub(crate) const SOF10: u8 = 0xca;
pub(crate) const DAC: u8 = 0xcc;
pub(crate) const SOF15: u8 = 0xcf;
pub(crate) const RST0: u8 = 0xd0;
pub(crate) const RST7: u8 = 0xd7;
pub(crate) const SOI: u8 = 0xd8;
pub(crate) const EOI: u8 = 0xd9;
pub(crate) const SOS: u8 = 0xda;
pub(crate) const DQT: u8 = 0xdb;
pub(crate) const DNL: u8 = 0xdc;
pub(crate) const DRI: u8 = 0xdd;
pub(crate) const APP0: u8 = 0xe0;
pub(crate) const APP1: u8 = 0xe1;
pub(crate) const APP2: u8 = 0xe2;
pub(crate) const APP13: u8 = 0xed;
pub(crate) const APP14: u8 = 0xee;
pub(crate) const APP15: u8 = 0xef;
pub(crate) const COM: u8 = 0xfe;

/// What a JPEG begins with.
pub(crate) const START: [u8; 2] = [0xff, SOI];

/// What it ends with.
pub(crate) const END: [u8; 2] = [0xff, EOI];

/// Most bytes of parameters: their length, of which two bytes count themselves, has 16 bits.
pub(crate) const LONGEST: usize = 65_533;

/// A marker with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment<'a> {
    /// The second byte of the marker.
    pub marker: u8,
    /// Its parameters, without their length.
    pub content: &'a [u8],
    /// What follows.
    pub after: &'a [u8],
}

/// The next marker. Bytes that are none are passed over: fill bytes, what writers leave between markers, entropy-coded
/// data. None if there are no more markers.
///
/// # Errors
/// [`MasterError::Damaged`] if its parameters are cut off.
pub(crate) fn next(mut bytes: &[u8]) -> Result<Option<Segment<'_>>, MasterError> {
    while let Some(at) = memchr(0xff, bytes) {
        let fill = bytes[at..].iter().take_while(|byte| **byte == 0xff).count();
        let Some((&marker, rest)) = bytes[at + fill..].split_first() else { return Ok(None) };
        match marker {
            0 => bytes = rest,
            _ => return Segment::read(marker, rest).map(Some),
        }
    }
    Ok(None)
}

/// The marker that `bytes` begin with, without fill bytes. None if there is none, or its parameters are cut off.
pub(crate) fn here(bytes: &[u8]) -> Option<Segment<'_>> {
    let [0xff, marker @ 1..=0xfe, rest @ ..] = bytes else { return None };
    Segment::read(*marker, rest).ok()
}

/// The markers of a file between SOI and its first scan, as far as they can be read.
pub(crate) fn before_scan(bytes: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    let mut rest = bytes.get(2..).unwrap_or_default();
    std::iter::from_fn(move || {
        let found = next(rest).ok()??;
        rest = found.after;
        (!matches!(found.marker, EOI | SOS)).then_some(found)
    })
}

impl<'a> Segment<'a> {
    /// A marker and the parameters that `rest` begins with.
    fn read(marker: u8, rest: &'a [u8]) -> Result<Self, MasterError> {
        if matches!(marker, TEM | RST0..=EOI) {
            return Ok(Self { marker, content: &[], after: rest });
        }
        let ends = || MasterError::damaged("a JPEG that ends in its header");
        let (length, rest) = rest.split_first_chunk().ok_or_else(ends)?;
        let length = usize::from(u16::from_be_bytes(*length)).checked_sub(2);
        let length = length.ok_or_else(|| MasterError::damaged("a JPEG marker of no length"))?;
        let (content, after) = rest.split_at_checked(length).ok_or_else(ends)?;
        Ok(Self { marker, content, after })
    }
}

/// Appends a marker with its parameters, in parts that have no more than [`LONGEST`] bytes together.
pub(crate) fn push(marker: u8, parts: &[&[u8]], stream: &mut Vec<u8>) {
    let length = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
    stream.extend([0xff, marker]);
    stream.extend((length as u16).to_be_bytes());
    parts.iter().for_each(|part| stream.extend_from_slice(part));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_marker_is_passed_over() {
        let mut stream = vec![0, 7, 0xff, 0, 3, 0xff, 0xff];
        push(DQT, &[&[1, 2], &[3]], &mut stream);
        stream.extend([9, 0xff, 0xd3, 5]);
        let first = next(&stream).expect("whole").expect("a marker");
        assert_eq!((first.marker, first.content), (0xdb, &[1, 2, 3][..]));
        let second = next(first.after).expect("whole").expect("a marker");
        assert_eq!(second, Segment { marker: 0xd3, content: &[], after: &[5] });
        for end in [&[5][..], &[0xff], &[0xff, 0xff], &[0xff, 0, 0xff], &[]] {
            assert_eq!(next(end), Ok(None));
        }
        for cut in [&[0xff, 0xdb][..], &[0xff, 0xdb, 0], &[0xff, 0xdb, 0, 1], &[0xff, 0xdb, 0, 3]] {
            assert!(next(cut).is_err(), "{cut:?}");
        }
    }

    #[test]
    fn a_marker_here_is_not_further_on() {
        let stream = [0xff, DRI, 0, 4, 0, 9, 0xff, RST0, 5];
        let first = here(&stream).expect("a marker");
        assert_eq!(Ok(Some(first)), next(&stream));
        assert_eq!(here(first.after), Some(Segment { marker: RST0, content: &[], after: &[5] }));
        for other in [&[][..], &[0xff], &[0xff, 0, 1], &[0xff, 0xff, EOI], &[7, 0xff, EOI], &stream[..5]] {
            assert_eq!(here(other), None, "{other:?}");
        }
    }
}
