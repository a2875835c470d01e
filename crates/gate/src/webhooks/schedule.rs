//! When a delivery is tried again, and for how long what is over is kept.

use std::time::Duration;

use countersign_vault::random_bytes;

/// How often a delivery is tried before it is given up.
pub const ATTEMPTS: u32 = 8;

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// How long the lease on a delivery lasts: longer than any attempt.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// How long deliveries that are over are kept.
pub(crate) const KEPT: Duration = Duration::from_hours(24 * 30);

/// The pause after so many attempts: 2^n seconds and up to half of that more, so that receivers that failed together are not asked
/// together again.
pub(super) fn pause_after(attempts: u32) -> Duration {
    let [low, high] = random_bytes::<2>();
    jittered(attempts, u16::from_be_bytes([low, high]))
}

fn jittered(attempts: u32, random: u16) -> Duration {
    let millis = 1_000_u64.saturating_mul(1 << attempts.min(32));
    let more = millis / 2 * u64::from(random) / u64::from(u16::MAX);
    Duration::from_millis(millis.saturating_add(more)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests;
