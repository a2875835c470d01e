//! Keeping key material inside the process.
//!
//! No core dumps, and no other process of the same user may read this one's memory or attach to it. Pages are not locked against
//! swapping: locking single buffers needs `unsafe`, and locking everything makes allocations fail under the usual limit. Run with
//! encrypted swap or, under systemd, with `MemorySwapMax=0`.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// A protection that the operating system refused.
#[derive(Debug, thiserror::Error)]
pub enum HardenError {
    /// Core dumps could not be switched off.
    #[error("could not forbid core dumps (RLIMIT_CORE)")]
    CoreLimit(#[source] std::io::Error),
    /// The process could not be made undumpable.
    #[error("could not forbid other processes to read this one (PR_SET_DUMPABLE)")]
    Dumpable(#[source] std::io::Error),
}

/// Forbids core dumps and reading by other processes, for good. Call it first in the process, before any key is read.
pub fn harden_process() -> Result<(), HardenError> {
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )
    .map_err(|error| HardenError::CoreLimit(error.into()))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| HardenError::Dumpable(error.into()))
}
