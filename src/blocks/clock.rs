//! The clock that all processes of a host share, which goes on while it sleeps and begins anew with each start of it.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Now, in nanoseconds of CLOCK_BOOTTIME.
pub fn now() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    let now = Duration::new(now.tv_sec.try_into().unwrap_or(0), now.tv_nsec.try_into().unwrap_or(0));
    now.as_nanos().try_into().unwrap_or(u64::MAX)
}

/// What distinguishes this start of the host from all others; zeros, which are those of no start, if that cannot be told.
pub fn boot() -> [u8; 16] {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    u128::from_str_radix(&digits, 16).unwrap_or(0).to_be_bytes()
}
