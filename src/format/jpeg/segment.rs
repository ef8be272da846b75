//! The markers of a JPEG with their parameters, found as libjpeg finds them. Pure. ITU-T T.81 B.1.1.

use memchr::memchr;

use crate::error::MasterError;

/// A marker with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// The second byte of the marker.
    pub marker: u8,
    /// Its parameters, without their length.
    pub content: &'a [u8],
    /// What follows.
    pub after: &'a [u8],
}

/// The next marker. Bytes that are none are passed over: fill bytes, what writers leave between markers, entropy-coded
/// data. None if there is no marker any more.
///
/// # Errors
/// [`MasterError::Damaged`] if its parameters are cut off.
pub fn next(mut bytes: &[u8]) -> Result<Option<Segment<'_>>, MasterError> {
    let ends = || MasterError::damaged("a JPEG that ends in its header");
    while let Some(at) = memchr(0xff, bytes) {
        let fill = bytes[at..].iter().take_while(|byte| **byte == 0xff).count();
        let Some((&marker, rest)) = bytes[at + fill..].split_first() else { return Ok(None) };
        match marker {
            0 => bytes = rest,
            0x01 | 0xd0..=0xd9 => return Ok(Some(Segment { marker, content: &[], after: rest })),
            _ => {
                let (length, rest) = rest.split_first_chunk().ok_or_else(ends)?;
                let length = usize::from(u16::from_be_bytes(*length)).checked_sub(2);
                let length = length.ok_or_else(|| MasterError::damaged("a JPEG marker of no length"))?;
                let (content, after) = rest.split_at_checked(length).ok_or_else(ends)?;
                return Ok(Some(Segment { marker, content, after }));
            }
        }
    }
    Ok(None)
}

/// Appends a marker with its parameters, of which there are fewer than 64 KB.
pub fn push(marker: u8, content: &[u8], stream: &mut Vec<u8>) {
    let [high, low] = (content.len() as u16 + 2).to_be_bytes();
    stream.extend([0xff, marker, high, low]);
    stream.extend_from_slice(content);
}

/// The height of a picture: that of its frame header, or if that is 0, the one that DNL tells behind the first scan
/// (T.81 B.2.5). `after` is what follows the frame header.
pub fn height(told: u16, after: &[u8]) -> u16 {
    let markers = std::iter::successors(Some((0, &[][..], after)), |(_, _, after)| {
        next(after).ok().flatten().map(|Segment { marker, content, after }| (marker, content, after))
    });
    let late = || {
        let mut markers = markers.take_while(|(marker, ..)| *marker != 0xd9);
        markers.find_map(|(marker, content, _)| content.try_into().ok().filter(|_| marker == 0xdc))
    };
    if told == 0 { late().map_or(0, u16::from_be_bytes) } else { told }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_marker_is_passed_over() {
        let mut stream = vec![0, 7, 0xff, 0, 3, 0xff, 0xff];
        push(0xdb, &[1, 2, 3], &mut stream);
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
    fn a_height_may_come_late() {
        let after = |end: &[u8]| {
            let mut stream = Vec::new();
            push(0xda, &[1, 0, 0, 0, 63, 0], &mut stream);
            stream.extend([1, 0xff, 0, 2, 0xff, 0xd0, 3]);
            stream.extend(end);
            stream
        };
        let dnl = [0xff, 0xdc, 0, 4, 1, 2, 0xff, 0xd9];
        assert_eq!(height(0, &after(&dnl)), 258);
        assert_eq!(height(77, &after(&dnl)), 77);
        assert_eq!(height(0, &after(&[0xff, 0xd9, 0xff, 0xdc, 0, 4, 1, 2])), 0, "behind the end");
        assert_eq!(height(0, &after(&[0xff, 0xdc, 0, 3, 1])), 0);
        assert_eq!(height(0, &[]), 0);
    }
}
