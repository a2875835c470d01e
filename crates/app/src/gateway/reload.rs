//! SIGHUP: reads the configuration again. One that is not valid changes nothing.

use crate::config::{Settings, show};
use crate::failure::Result;
use crate::telemetry::LogHandle;

/// What takes effect at once.
const LIVE: [&str; 1] = ["log.level"];

/// Compares what is in force with what was read, applies what can be applied, and says what needs a restart.
pub(super) fn reload(current: &mut Settings, read: Result<Settings>, log: &LogHandle) {
    let next = match read {
        Ok(next) => next,
        Err(failure) => {
            tracing::error!(error = %failure, "the configuration was not reloaded: the old one stays in force");
            return;
        }
    };
    let (before, after) = (show(current), show(&next));
    let changed: Vec<&str> = after
        .iter()
        .filter(|(key, value, _)| {
            before
                .iter()
                .any(|(old_key, old_value, _)| old_key == key && old_value != value)
        })
        .map(|(key, _, _)| *key)
        .collect();
    let waiting: Vec<&str> = changed
        .iter()
        .copied()
        .filter(|key| !LIVE.contains(key))
        .collect();
    if next.log != current.log {
        log.set_level(&next.log);
    }
    tracing::info!(changed = changed.len(), "the configuration was reloaded");
    if !waiting.is_empty() {
        tracing::warn!(
            keys = waiting.join(", "),
            "these values take effect at the next start"
        );
    }
    // What waits stays as it is, so that the next reload still says so.
    current.log = next.log;
}
