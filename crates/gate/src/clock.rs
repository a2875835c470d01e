//! The clock: the only place that asks what time it is.

use std::fmt;

use countersign_domain::Timestamp;
use countersign_vault::random_bytes;
use uuid::Uuid;

/// Tells the time and mints ids, so that tests can turn it.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Now.
    fn now(&self) -> Timestamp;

    /// A new id, ordered by time to the microsecond (RFC 9562, version 7 with the clock's fraction in `rand_a`).
    fn uuid(&self) -> Uuid {
        let micros = u64::try_from(self.now().as_micros()).unwrap_or(0);
        let fraction = (micros % 1_000) * 4_096 / 1_000;
        let mut tail: [u8; 10] = random_bytes();
        tail[..2].copy_from_slice(&u16::try_from(fraction).unwrap_or(0).to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(micros / 1_000, &tail).into_uuid()
    }
}

/// The machine's wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one clock that everything else asks"
        )]
        let since_epoch = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }
}
