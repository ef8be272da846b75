//! What no worker may try now, as the supervisor leaves it on the scoreboard and workers find it there.
//! Must not decide what that is, nor for how long: it only carries it. Without I/O: bytes in, bytes out.
//!
//! A head of 16 bytes: checksum `u64`, number of entries `u32`, 4 unused. Then entries of 1024 bytes: length of the name
//! `u16`, [`Why`] `u8`, 5 unused, until `u64`, name. Numbers are little-endian; the checksum covers all that follows it.

use super::scoreboard::{REQUEST_LENGTH, shortened};

/// Most refusals that workers are told of.
pub const REFUSALS: usize = 48;

/// Bytes of the head.
const HEAD: usize = 16;

/// Bytes of head and entries at most.
pub(super) const MOST: usize = HEAD + REFUSALS * ENTRY;

const ENTRY: usize = 1024;
const ENTRY_HEAD: usize = 16;
const _: () = assert!(ENTRY_HEAD + REQUEST_LENGTH <= ENTRY);

/// A request, a master or a mount that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The name of a request or a master as in a worker's slot, or of a mount as in [`mount_name`].
    pub name: Vec<u8>,
    /// Why it is refused.
    pub why: Why,
    /// Until when, on the clock of the scoreboard; 0 if nobody knows.
    pub until: u64,
}

/// Why something is not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Why {
    /// It has ended workers, and would again.
    Deadly = 1,
    /// It was not done within the deadline, perhaps for no fault of its own: later it may be.
    Overdue = 2,
    /// A mount whose file system does not answer.
    Stalled = 3,
    /// Such a mount, on which one worker at a time may try whether it answers again.
    Probed = 4,
}

impl Why {
    fn of(number: u8) -> Option<Self> {
        [Self::Deadly, Self::Overdue, Self::Stalled, Self::Probed]
            .into_iter()
            .find(|why| *why as u8 == number)
    }
}

/// The path of the master in the name of a [`Job`](crate::desk::Job); None if that is something else.
pub fn master_of(name: &[u8]) -> Option<&[u8]> {
    let page = name.strip_suffix(b"/info.json").or_else(|| name.rsplitn(5, |byte| *byte == b'/').nth(4))?;
    let digits = page.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    page[..page.len() - digits].strip_suffix(b";").filter(|path| digits > 0 && !path.is_empty())
}

/// The name under which the mount of device `device` is refused. No request has it: theirs have no NUL.
pub fn mount_name(device: u64) -> Vec<u8> {
    [b"\0", &device.to_le_bytes()[..]].concat()
}

/// The device of the mount of this name; None if it is no mount's.
pub fn mount_of(name: &[u8]) -> Option<u64> {
    let device = name.strip_prefix(b"\0")?;
    device.first_chunk().filter(|_| device.len() == 8).map(|device| u64::from_le_bytes(*device))
}

/// The first [`REFUSALS`] of `refusals`.
pub(super) fn encode(refusals: &[Refusal]) -> Vec<u8> {
    let refusals = &refusals[..refusals.len().min(REFUSALS)];
    let mut bytes = vec![0; HEAD + refusals.len() * ENTRY];
    bytes[8..12].copy_from_slice(&u32::try_from(refusals.len()).unwrap_or(0).to_le_bytes());
    for (entry, refusal) in bytes[HEAD..].chunks_exact_mut(ENTRY).zip(refusals) {
        let name = shortened(&refusal.name);
        entry[..2].copy_from_slice(&u16::try_from(name.len()).unwrap_or(0).to_le_bytes());
        entry[2] = refusal.why as u8;
        entry[8..ENTRY_HEAD].copy_from_slice(&refusal.until.to_le_bytes());
        entry[ENTRY_HEAD..ENTRY_HEAD + name.len()].copy_from_slice(name);
    }
    let sum = checksum(&bytes[8..]);
    bytes[..8].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// What stands in `bytes`, if they are in one piece.
pub(super) fn decode(bytes: &[u8]) -> Option<impl Iterator<Item = Refusal>> {
    let count = usize::try_from(u32_at(bytes, 8)?).ok()?;
    let length = count.checked_mul(ENTRY)?;
    let entries = bytes.get(HEAD..)?.get(..length)?;
    (u64_at(bytes, 0)? == checksum(&bytes[8..HEAD + length])).then_some(())?;
    let (entries, _) = entries.as_chunks::<ENTRY>();
    Some(entries.iter().filter_map(|entry| {
        let length = usize::from(u16::from_le_bytes([entry[0], entry[1]]));
        let name = entry[ENTRY_HEAD..].get(..length)?.to_vec();
        Some(Refusal { name, why: Why::of(entry[2])?, until: u64_at(entry, 8)? })
    }))
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().copied().map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    bytes.get(offset..)?.first_chunk().copied().map(u64::from_le_bytes)
}

/// FNV-1a with 64 bits: guards against torn reads, not against forgery: a forger could write anything anyway.
fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_names_its_master() {
        for (name, master) in [
            ("box/a.tif;1/0,0,60,40/30,20/!90/default.jpg", Some("box/a.tif")),
            ("a.tif;12/info.json", Some("a.tif")),
            ("a;b/c;2;3/info.json", Some("a;b/c;2")),
            ("a.tif;1", None),
            ("box/a.tif", None),
            ("one/two/three/four/five.tif", None),
            (";1/info.json", None),
            ("a;/info.json", None),
            ("", None),
        ] {
            assert_eq!(master_of(name.as_bytes()), master.map(str::as_bytes), "{name}");
        }
    }

    #[test]
    fn what_is_written_is_read_and_nothing_torn_is_believed() {
        let refusal = |name: &str, why| Refusal { name: name.into(), why, until: 1 << 40 };
        let both = [refusal("a", Why::Deadly), refusal("b", Why::Probed)];
        let bytes = encode(&both);
        let read: Vec<_> = decode(&bytes).expect("in one piece").collect();
        assert_eq!(read, both);
        let other = encode(&[refusal("c", Why::Overdue), refusal("d", Why::Stalled)]);
        for cut in 1..bytes.len() {
            let torn = [&bytes[..cut], &other[cut..]].concat();
            assert_eq!(decode(&torn).is_some(), torn == bytes || torn == other, "torn at {cut}");
        }
        assert!(decode(&[0xff; HEAD]).is_none() && decode(&[]).is_none());
    }
}
