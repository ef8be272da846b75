//! Room in memory, asked for before a large buffer is made: where there is none, the request that needs it is refused,
//! and its worker lives. A worker has one thread, so what was there is there a moment later, for libraries in C as well.
//! Only of buffers that are small nobody is asked: an allocation of less than a megabyte that fails ends the worker.

use std::hint::black_box;
use std::sync::Once;

use crate::error::NoMemory;

/// Buffers of fewer bytes are made without asking.
const LARGE: u64 = 1 << 20;

/// Whether there is room for so many bytes, given the limits of the process (RLIMIT_DATA). Costs two calls of the
/// kernel if they are many, and touches none of them.
///
/// # Errors
/// [`NoMemory`] if not; that is logged, the first time.
pub(crate) fn room(bytes: u64) -> Result<(), NoMemory> {
    if bytes < LARGE {
        return Ok(());
    }
    let mut probe = Vec::<u8>::new();
    let reserved = usize::try_from(bytes).is_ok_and(|bytes| probe.try_reserve_exact(bytes).is_ok());
    // Otherwise nothing would be reserved at all, since nothing uses it.
    black_box(&probe);
    if reserved {
        return Ok(());
    }
    static COMPLAINED: Once = Once::new();
    COMPLAINED.call_once(|| log::warn!("no memory for {} MB: such requests are refused", bytes >> 20));
    Err(NoMemory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_machine_has_is_refused() {
        assert_eq!(room(u64::MAX), Err(NoMemory));
        assert_eq!(room(1 << 60), Err(NoMemory));
        assert_eq!(room(0), Ok(()));
        assert_eq!(room(2 * LARGE), Ok(()));
    }
}
