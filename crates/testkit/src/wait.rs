//! Waiting for something to become true, with a deadline and without guessing how long it takes.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

const STEP: Duration = Duration::from_millis(5);

/// Blocks until the condition holds.
///
/// # Errors
///
/// If it does not hold `within` the time; the error says `what` was waited for.
pub fn wait_until(what: &str, within: Duration, mut condition: impl FnMut() -> bool) -> Result<()> {
    let started = Instant::now();
    while !condition() {
        if started.elapsed() >= within {
            bail!("{what} did not happen within {within:?}");
        }
        thread::sleep(STEP);
    }
    Ok(())
}

/// [`wait_until`] for asynchronous tests: lets other tasks run between two looks.
///
/// # Errors
///
/// If the condition does not hold `within` the time; the error says `what` was waited for.
pub async fn eventually(
    what: &str,
    within: Duration,
    mut condition: impl FnMut() -> bool,
) -> Result<()> {
    let started = Instant::now();
    while !condition() {
        if started.elapsed() >= within {
            bail!("{what} did not happen within {within:?}");
        }
        tokio::time::sleep(STEP).await;
    }
    Ok(())
}
